import type { FaultKind } from './faults.ts';

/** A piece of a source file that is written wrongly. */
export interface Edit {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly right: string;
  readonly wrong: string;
}

/** One deliberate mistake in the real code: what a hurried programmer might write. */
export interface Mutation {
  readonly mistake: string;
  /** Faults that it takes to show: only these happen, so that few lives have to be lived. Among all faults it is found as well, later. */
  readonly among: readonly FaultKind[];
  /** More than one where the code guards itself twice. */
  readonly edits: readonly [Edit, ...Edit[]];
}

/** The second guard of every failure whose rows were sent: the label is asked for all the same. */
const WITHOUT_ASKING: Edit = {
  file: 'lib/doris/load.ts',
  right: 'inDoubt: before.inDoubt || (bodyBegun && !verdict.nothingBegun)',
  wrong: 'inDoubt: before.inDoubt',
};

/** Takes a label that Doris does not know for proof. */
export const NEVER_FORGETS: Edit = {
  file: 'lib/settle/label-memory.ts',
  right: "if (age > longest) return 'doubtful';",
  wrong: "if (age >= 0) return 'certain';",
};

/** Each breaks a promise, and the simulation has to find out how. */
export const MUTATIONS: readonly Mutation[] = [
  {
    mistake: 'blames rows of a packed load',
    among: [],
    edits: [{ file: 'lib/doris/packing.ts', right: 'return outcome.rejection.reason;', wrong: 'return undefined;' }],
  },
  {
    mistake: 'does not understand a Doris that refuses packed loads',
    among: [],
    edits: [{ file: 'lib/doris/texts.ts', right: 'compress data of JSON format is not supported|', wrong: '' }],
  },
  {
    mistake: 'puts a load unpacked that is in doubt packed, without asking',
    among: ['reply-lost', 'fail-stored', 'labels-crowded-out', 'paused'],
    edits: [
      {
        file: 'lib/doris/packing.ts',
        right: 'return isAboutFormat(outcome.reason) || OF_PROXIES.test(outcome.reason) ? outcome.reason : undefined;',
        wrong: 'return outcome.reason;',
      },
      { file: 'lib/doris/packing.ts', right: "inDoubt: outcome.kind === 'unknown'", wrong: 'inDoubt: false' },
    ],
  },
  {
    mistake: 'settles dead letters before their receipt',
    among: ['queue-down'],
    edits: [
      {
        file: 'lib/settle/dead-letter-rows.ts',
        right: 'await deadLetters.send(letters);',
        wrong: 'deadLetters.send(letters).catch(() => {});',
      },
    ],
  },
  {
    mistake: 'takes letters that SQS refused for accepted',
    among: ['queue-partial'],
    edits: [
      {
        file: 'lib/dead-letter/sqs.ts',
        right: 'if (refused.length === 0) return tooLong;',
        wrong: 'if (refused.length < batch.length) return tooLong;',
      },
    ],
  },
  {
    mistake: 'gives a load a new label when it is claimed again',
    among: ['killed'],
    edits: [
      {
        file: 'lib/settle/lease.ts',
        right: 'label: labelOfRows(run, piece.rows),',
        wrong: 'label: labelOfRows(run, piece.rows) + Math.floor(run.ports.clock.random() * 1e6),',
      },
    ],
  },
  {
    mistake: 'answers settled although it stopped',
    among: ['unreachable'],
    edits: [
      {
        file: 'lib/settle/settle-table.ts',
        right: "if (step.kind === 'stop') return unsettled(run, state, step.reason);",
        wrong: "if (step.kind === 'stop') return { kind: 'settled' };",
      },
    ],
  },
  {
    mistake: 'moves the watermark to the end of the batch',
    among: [],
    edits: [
      {
        file: 'lib/settle/advance.ts',
        right: 'const through = lastPosition(piece.records);',
        wrong: 'const through = lastPosition(run.table.records);',
      },
    ],
  },
  {
    mistake: 'loads without writing a claim down',
    among: [],
    edits: [
      {
        file: 'lib/settle/settle-table.ts',
        right:
          "const result = await run.ports.ledger.move(run.key, { expect: { kind: 'vacant', before: claim.first }, ...writing(held) });",
        wrong: "const result = { kind: 'moved' };",
      },
    ],
  },
  {
    mistake: 'drops the claim of a load in doubt',
    among: ['locked-visible', 'recut'],
    edits: [
      {
        file: 'lib/settle/let-go.ts',
        right: "const certain = knowledge === 'refused' || (knowledge === 'idle' && !held.replay);",
        wrong: 'const certain = true;',
      },
    ],
  },
  {
    mistake: 'takes a Fail that nobody has described for not stored',
    among: ['fail-stored', 'recut'],
    edits: [
      {
        file: 'lib/doris/reply.ts',
        right: "meaning === 'ambiguous' ? unintelligible(reason, reply) : { kind: meaning, reason };",
        wrong: "meaning === 'ambiguous' ? { kind: 'unavailable' as const, reason } : { kind: meaning, reason };",
      },
      WITHOUT_ASKING,
    ],
  },
  {
    mistake: 'takes a lost reply for not stored',
    among: ['reply-lost', 'recut'],
    edits: [
      { file: 'lib/doris/attempt.ts', right: "kind: exchange.bodyBegun ? 'unknown' : 'unavailable'", wrong: "kind: 'unavailable'" },
      WITHOUT_ASKING,
    ],
  },
  {
    mistake: 'takes Publish Timeout for a failure',
    among: ['publish-timeout', 'recut'],
    edits: [
      {
        file: 'lib/doris/reply.ts',
        right: "return succeeded('publish-timeout', fields, sent, mode);",
        wrong: "return { kind: 'unavailable', reason: 'publish timeout' };",
      },
      WITHOUT_ASKING,
    ],
  },
  {
    mistake: 'takes a RUNNING label for stored',
    among: ['failover', 'locked-aborted'],
    edits: [
      {
        file: 'lib/doris/reply.ts',
        right: "kind: 'running', reason: `another",
        wrong: "kind: 'committed', how: 'already-loaded', txnId: undefined, reason: `another",
      },
    ],
  },
  {
    mistake: 'counts what is COMMITTED and not visible yet as failed',
    among: ['publish-timeout', 'killed', 'recut'],
    edits: [
      {
        file: 'lib/settle/resolve.ts',
        right: "case 'visible':\n    case 'committed':\n",
        wrong: "case 'committed':\n return conclude(run, claim, open, { consequence: 'dropped', because: 'unseen' });\n case 'visible':\n",
      },
    ],
  },
  {
    mistake: 'gives a claim up while its transaction is open',
    among: ['locked-visible', 'killed', 'recut'],
    edits: [
      {
        file: 'lib/settle/resolve.ts',
        right: "case 'prepare':\n",
        wrong: "case 'prepare':\n return conclude(run, claim, open, { consequence: 'dropped', because: 'running' });\n",
      },
    ],
  },
  {
    mistake: 'gives a claim up while another invocation may still load under it',
    among: ['failover', 'recut'],
    edits: [{ file: 'lib/settle/resolve.ts', right: 'return busy > 0 ? stop(', wrong: 'return busy < 0 ? stop(' }],
  },
  {
    mistake: 'believes that Doris never forgets a label',
    among: ['labels-crowded-out', 'reply-lost', 'paused'],
    edits: [NEVER_FORGETS],
  },
  {
    mistake: 'believes that Doris forgets labels by age alone',
    among: ['labels-crowded-out', 'reply-lost'],
    edits: [{ file: 'lib/settle/label-memory.ts', right: 'if (age > shortest) return undefined;', wrong: '' }],
  },
  {
    mistake: 'believes a witness that Doris does not know',
    among: ['labels-crowded-out', 'reply-lost'],
    edits: [
      {
        file: 'lib/settle/label-memory.ts',
        right: "return told.kind === 'visible' ? 'certain' : 'doubtful';",
        wrong: "return 'certain';",
      },
    ],
  },
  {
    mistake: 'puts a load in doubt again without asking for its label',
    among: ['labels-crowded-out', 'killed'],
    edits: [{ file: 'lib/doris/load.ts', right: 'if (!load.inDoubt)', wrong: 'if (load.inDoubt !== undefined)' }],
  },
  {
    mistake: 'starts attempts after its lease',
    among: ['failover', 'frontend-silent'],
    edits: [{ file: 'lib/settle/lease.ts', right: 'if (runs(run, held.lease)) return true;', wrong: 'if (held) return true;' }],
  },
  {
    mistake: 'overlooks that somebody else wrote the claim',
    among: ['failover', 'frontend-silent'],
    edits: [
      { file: 'lib/settle/lease.ts', right: "return { kind: 'holding', label, fence };", wrong: "return { kind: 'holding', label };" },
    ],
  },
  {
    mistake: 'gives every claim the same fence',
    among: ['failover'],
    edits: [
      {
        file: 'lib/settle/lease.ts',
        right: 'fence: drawNonce(ports.clock)',
        wrong: 'fence: 0 * drawNonce(ports.clock)',
      },
    ],
  },
  {
    mistake: 'judges rows while another invocation may still load them',
    among: ['failover', 'schema-mistake'],
    edits: [
      {
        file: 'lib/settle/isolate.ts',
        right: 'if (sharedFor(run, held.sharedUntil) > 0) return askAgainAlone',
        wrong: 'if (sharedFor(run, held.sharedUntil) < 0) return askAgainAlone',
      },
    ],
  },
  {
    mistake: 'sends the letter of a refused row before the refusal is written down',
    among: ['killed', 'schema-mistake'],
    edits: [
      {
        file: 'lib/settle/isolate.ts',
        right: "const decided = fenced(run, { ...claim, state: { kind: 'refused', refusal } });",
        wrong:
          "await deadLetterRows(run, [refusedRow(row, refusal)]); const decided = fenced(run, { ...claim, state: { kind: 'refused', refusal } });",
      },
    ],
  },
  {
    mistake: 'takes a refused write of the ledger for done',
    among: ['failover'],
    edits: [
      {
        file: 'lib/settle/lease.ts',
        right: "return result.kind === 'moved' || (claim !== undefined && result.current.claim?.fence === claim.fence);",
        wrong: 'return true;',
      },
    ],
  },
  {
    mistake: 'claims over a claim',
    among: ['killed', 'recut'],
    edits: [
      {
        file: 'lib/ledger/checkpoint.ts',
        right: 'return current.claim === undefined && (current.through',
        wrong: 'return (current.through',
      },
    ],
  },
  {
    mistake: 'settles a decided claim to its end although the batch ends before',
    among: ['queue-down', 'recut'],
    edits: [
      {
        file: 'lib/settle/reconcile.ts',
        right: 'const ended = lastPosition(run.batch.records) >= claim.last;',
        wrong: 'const ended = true;',
      },
    ],
  },
  {
    mistake: 'forgets the lease of whom it took the claim over from',
    among: ['failover', 'schema-mistake'],
    edits: [
      {
        file: 'lib/settle/lease.ts',
        right: 'sharedUntil, replay: true',
        wrong: 'sharedUntil: epochMillis(0), replay: true',
      },
    ],
  },
  {
    mistake: 'loses the row at which a load is halved',
    among: [],
    edits: [
      {
        file: 'lib/plan/pieces.ts',
        right: "pieceOf(piece.records.slice(at), 'isolation')",
        wrong: "pieceOf(piece.records.slice(at + 1), 'isolation')",
      },
    ],
  },
  {
    mistake: 'blames rows for an overload',
    among: ['overload'],
    edits: [{ file: 'lib/doris/texts.ts', right: "['overload', /\\b(MEM_LIMIT", wrong: "['rejected-data', /\\b(MEM_LIMIT" }],
  },
  {
    mistake: 'shows rows that are held back before the ledger has their load',
    among: ['killed'],
    edits: [{ file: 'lib/settle/lease.ts', right: "if (claim.state.kind !== 'unseen') return claim;", wrong: 'if (claim) return claim;' }],
  },
  {
    mistake: 'shows rows that are held back although somebody else has their load',
    among: ['late-arrival', 'failover', 'recut', 'killed', 'frontend-silent'],
    edits: [
      { file: 'lib/settle/lease.ts', right: 'if (noted === undefined) return false;', wrong: 'if (noted === undefined) return true;' },
    ],
  },
  {
    mistake: 'takes rows that are held back for stored',
    among: ['reply-lost'],
    edits: [{ file: 'lib/doris/load.ts', right: "return 'held back';", wrong: "return 'stored';" }],
  },
  {
    mistake: 'takes a claim that was made under a label for invisible',
    among: ['killed', 'reply-lost', 'labels-crowded-out'],
    edits: [{ file: 'lib/settle/modes.ts', right: "if (claim.state.kind === 'unseen') return", wrong: 'if (claim.state) return' }],
  },
  {
    mistake: 'gives the user records of an aggregate one position',
    among: [],
    edits: [
      {
        file: 'lib/source/kinesis-data.ts',
        right: 'subPosition(aggregate, subSequence++)',
        wrong: 'subPosition(aggregate, Math.min(subSequence++, 1))',
      },
    ],
  },
  {
    mistake: 'goes on behind an aggregate of which only a part is settled',
    among: ['unreachable'],
    edits: [
      {
        file: 'lib/pipeline.ts',
        right: "if (first !== undefined) return { kind: 'unsettled', from: first.itemIdentifier };",
        wrong:
          "const next = first && batch.records.find(({ record }) => record.position > first.position && record.itemIdentifier !== first.itemIdentifier); if (first !== undefined) return next === undefined ? { kind: 'settled' } : { kind: 'unsettled', from: next.record.itemIdentifier };",
      },
    ],
  },
  {
    mistake: 'asks a refusal of rows for a label that was never sent',
    among: [],
    edits: [{ file: 'lib/doris/reply.ts', right: "if (mode === 'group-commit-may-duplicate') return true;", wrong: '' }],
  },
  {
    mistake: 'loads the last settled record again',
    among: ['redelivery'],
    edits: [
      {
        file: 'lib/settle/reconcile.ts',
        right: 'records.filter(({ record }) => record.position > through)',
        wrong: 'records.filter(({ record }) => record.position >= through)',
      },
    ],
  },
  {
    mistake: 'takes every table for one with a UNIQUE KEY',
    among: ['labels-crowded-out', 'reply-lost', 'recut'],
    edits: [
      {
        file: 'lib/settle/resolve.ts',
        right: "model.kind === 'told' && model.value === 'unique'",
        wrong: "model.kind === 'told'",
      },
    ],
  },
  {
    mistake: 'takes rows that were not counted for stored',
    among: ['labels-crowded-out', 'killed', 'recut'],
    edits: [{ file: 'lib/settle/resolve.ts', right: 'if (own.value === rows) return', wrong: 'if (own.value <= rows) return' }],
  },
  {
    mistake: 'drops records that it left for the next delivery',
    among: ['unreachable'],
    edits: [
      { file: 'lib/pipeline.ts', right: "if (first !== undefined) return { kind: 'unsettled', from: first.itemIdentifier };", wrong: '' },
    ],
  },
];
