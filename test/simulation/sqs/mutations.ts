import { type Mutation, NEVER_FORGETS } from '../mutations.ts';

/** Mistakes in what only a queue has. Each breaks a promise, and the simulation has to find out how. */
export const QUEUE_MUTATIONS: readonly Mutation[] = [
  {
    mistake: 'settles a body without a shape before the receipt of its letter',
    among: ['queue-down'],
    edits: [
      {
        file: 'lib/forwarded.ts',
        right: "await deadLetters.send([{ fault, source: NOWHERE, record, target: '-', failedAt: clock.now() }]);",
        wrong: "deadLetters.send([{ fault, source: NOWHERE, record, target: '-', failedAt: clock.now() }]).catch(() => {});",
      },
    ],
  },
  {
    mistake: 'settles a body whose letter was refused',
    among: ['queue-down'],
    edits: [{ file: 'lib/forwarded.ts', right: 'reasons.set(message, error.message);', wrong: '' }],
  },
  {
    mistake: 'settles a message when its first record is settled',
    among: ['unreachable'],
    edits: [{ file: 'lib/forwarded.ts', right: 'if (reason !== undefined) return reason;', wrong: 'return reason;' }],
  },
  {
    mistake: 'goes on in a FIFO group after a failure',
    among: ['unreachable'],
    edits: [{ file: 'lib/forwarded.ts', right: 'if (first !== undefined) {', wrong: 'if (first !== undefined && to === group.length) {' }],
  },
  {
    mistake: 'loads messages of a FIFO group together whatever their tables',
    among: ['unreachable'],
    edits: [
      {
        file: 'lib/forwarded.ts',
        right: 'return others.length === 0 ? way : undefined;',
        wrong: 'return way && String(others.length >= 0);',
      },
    ],
  },
  {
    mistake: 'lets records of a FIFO group pass where their offsets begin again',
    among: [],
    edits: [{ file: 'lib/plan/layers.ts', right: '(inOrder ? layers.slice(-1) : layers)', wrong: '(inOrder ? layers : layers)' }],
  },
  {
    mistake: 'takes equal offsets of one event for one record',
    among: [],
    edits: [
      { file: 'lib/forwarded.ts', right: '{iggy?.id}', wrong: '{iggy && 0}' },
      { file: 'lib/forwarded.ts', right: '{iggy?.timestamp}', wrong: '{iggy && 0}' },
    ],
  },
  {
    mistake: 'takes equal offsets of one body for one record',
    among: [],
    edits: [
      { file: 'lib/source/iggy.ts', right: '{message.record.iggy?.id}', wrong: '{0}' },
      { file: 'lib/source/iggy.ts', right: '{message.record.iggy?.timestamp}', wrong: '{0}' },
    ],
  },
  {
    mistake: 'takes the id of the SQS message for that of the record',
    among: ['sink-repeat'],
    edits: [{ file: 'lib/source/iggy.ts', right: 'iggy: { id, timestamp },', wrong: 'iggy: { id: messageId, timestamp },' }],
  },
  {
    mistake: 'forgets the timestamp in the fingerprint of a member',
    among: [],
    edits: [{ file: 'lib/ledger/members.ts', right: "{iggy?.timestamp ?? ''}", wrong: '{0}' }],
  },
  {
    mistake: 'knows a member by its offset alone',
    among: [],
    edits: [
      { file: 'lib/ledger/members.ts', right: "{iggy?.id ?? ''}", wrong: '{iggy && 0}' },
      { file: 'lib/ledger/members.ts', right: "{iggy?.timestamp ?? ''}", wrong: '{0}' },
    ],
  },
  {
    mistake: 'trims by the highest offset that is settled',
    among: [],
    edits: [
      {
        file: 'lib/unordered/ownership.ts',
        right: '(!ended || decided) && members.has(record)',
        wrong: 'decided || (!ended && members.has(record))',
      },
    ],
  },
  {
    mistake: 'loads members behind the watermark again',
    among: ['sink-repeat'],
    edits: [
      {
        file: 'lib/unordered/found-group.ts',
        right: 'return through !== undefined && position <= through;',
        wrong: 'return through !== undefined && position < through;',
      },
    ],
  },
  {
    mistake: 'claims without looking for others that have the records',
    among: ['delivered-twice', 'sink-shift'],
    edits: [
      {
        file: 'lib/unordered/new-group.ts',
        right: 'await contend(passage, key, records, found)',
        wrong: 'await contend(passage, key, records, found.slice(0, 0))',
      },
    ],
  },
  {
    mistake: 'claims what another one has claimed',
    among: ['delivered-twice', 'sink-shift'],
    edits: [
      { file: 'lib/unordered/ownership.ts', right: "if (isConfirmed(other)) return 'lost';", wrong: 'if (isConfirmed(other)) continue;' },
    ],
  },
  {
    mistake: 'gives every registration the same nonce',
    among: ['delivered-twice', 'sink-shift', 'frozen', 'killed'],
    edits: [
      {
        file: 'lib/unordered/new-group.ts',
        right: 'const nonce = drawNonce(ports.clock)',
        wrong: 'const nonce = (0 * drawNonce(ports.clock))',
      },
    ],
  },
  {
    mistake: 'lets a group span more than a search looks at',
    among: ['sink-repeat', 'sink-shift'],
    edits: [{ file: 'lib/plan/layers.ts', right: 'last < offset && offset < end', wrong: 'last < offset && end > 0n' }],
  },
  {
    mistake: 'takes an unknown label for not stored without proof',
    among: ['labels-crowded-out', 'reply-lost', 'paused', 'sink-shift'],
    edits: [NEVER_FORGETS],
  },
  {
    mistake: 'drops a claim of which some records are missing',
    among: ['locked-visible', 'sink-shift'],
    edits: [
      {
        file: 'lib/unordered/found-group.ts',
        right: 'if (!isDecided(claim.state)) {',
        wrong: 'if (!isDecided(claim.state)) { await passage.ports.ledger.move(key, { expect: present(claim) });',
      },
    ],
  },
  {
    mistake: 'settles a group to its end when one of its loads is stored',
    among: ['reply-lost', 'killed', 'sink-shift'],
    edits: [
      {
        file: 'lib/unordered/found-group.ts',
        right: 'ports.ledger.move(key, { expect: present(claim), through: claim.last,',
        wrong: 'ports.ledger.move(key, { expect: present(claim), through: batch.records.at(-1)?.record.position ?? claim.last,',
      },
      {
        file: 'lib/unordered/found-group.ts',
        right: 'async function settleLoaded({ key, ports }: Run,',
        wrong: 'async function settleLoaded({ key, ports, batch }: Run,',
      },
    ],
  },
  {
    mistake: 'hides messages for the same time however often they come',
    among: ['outage'],
    edits: [{ file: 'lib/queue/visibility.ts', right: 'FIRST * 2 ** Math.min(receives - 1, 30)', wrong: 'FIRST * receives ** 0' }],
  },
];
