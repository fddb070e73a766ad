import type { LoaderEvent } from '../../lib/telemetry.ts';

/** What a life can come to, and how it shows. */
export const PATHS = {
  replayed: 'a load was put again under its stored cut and label',
  packed: 'a load was packed, and so it went',
  'packed-refused': 'Doris refused a load packed, and got it unpacked',
  'label-state': "a claim was resolved by its label's state",
  precommitted: 'a claim was resolved by committing what Doris held back',
  'remembered-by-age': 'a label was unknown, and too young to be forgotten',
  'remembered-by-witness': 'a label was unknown, and an earlier one was not',
  'remembered-by-transactions': 'a label was unknown, and too few transactions had begun to push one out',
  'perhaps-forgotten': 'a label was unknown, and may have been forgotten',
  untold: 'Doris did not tell whether it may have forgotten a label',
  'counted-all': 'the rows of a claim were counted: all of them are there',
  'counted-none': 'the rows of a claim were counted: none is there',
  'unique-key': 'a UNIQUE KEY let a claim be loaded again',
  'no-label': 'a claim of group commit was loaded again',
  'decided-reload': 'ON_UNVERIFIABLE=reload let a claim be loaded again',
  'decided-dead-letter': 'ON_UNVERIFIABLE=dead-letter gave a claim up',
  'decided-wait': 'ON_UNVERIFIABLE=wait let a shard wait',
  'operator-stored': 'an operator found the rows of such a claim, and said so',
  'operator-not-stored': 'an operator did not find them, and said so',
  'letter-decode': 'a letter of class decode',
  'letter-oversize': 'a letter of class oversize',
  'letter-unroutable': 'a letter of class unroutable',
  'letter-data-quality': 'a letter of class data-quality',
  'letter-contract': 'a letter of class contract: a body that has no shape',
  'letter-unverifiable': 'a letter of class unverifiable: its load was given up',
  'fuse-blown': 'a schema mistake stopped a shard',
  'breaker-opened': 'a table was left alone',
  'breaker-probe': 'one load went out to see',
  'breaker-closed': 'the table works again',
  'breaker-alone': 'a process decided alone',
  absorbed: 'records that were settled before came again',
  abandoned: 'a claim was left whose first records the source had dropped',
  aggregate: 'a KPL aggregate was delivered',
  'aggregate-parted': 'a watermark stood inside a KPL aggregate',
  reshard: 'a child shard was delivered after its parent',
  expired: 'a record expired at the source',
  grouped: 'rows were stored through group commit',
  'grouped-twice': 'rows were stored twice through group commit, after a load in doubt',
} as const;

export type Path = keyof typeof PATHS;

export const ALL_PATHS = Object.keys(PATHS) as readonly Path[];

/** Where a stream's records never come. */
const OF_QUEUES: readonly Path[] = ['letter-contract'];
/** Where a queue's records never come: Iggy's offsets cannot be counted, and nothing expires before it is delivered. */
const OF_STREAMS: readonly Path[] = [
  'counted-all',
  'counted-none',
  'no-label',
  'operator-stored',
  'operator-not-stored',
  'abandoned',
  'aggregate',
  'aggregate-parted',
  'reshard',
  'expired',
  'grouped',
  'grouped-twice',
];

export const STREAM_PATHS: readonly Path[] = ALL_PATHS.filter((path) => !OF_QUEUES.includes(path));
export const QUEUE_PATHS: readonly Path[] = ALL_PATHS.filter((path) => !OF_STREAMS.includes(path));

/** How often a life came to what. */
export type Reached = Map<Path, number>;

/** Notes that a life came there. */
export function reach(reached: Reached, path: Path, times = 1): void {
  reached.set(path, (reached.get(path) ?? 0) + times);
}

const RESOLVED_BY = {
  'label visible': 'label-state',
  'label committed': 'label-state',
  'label aborted': 'label-state',
  'label unknown': 'label-state',
  'precommitted, and committed now': 'precommitted',
  'its rows were counted': 'counted-all',
  'none of its rows was counted': 'counted-none',
  'the table has a UNIQUE KEY': 'unique-key',
  'it was put without a label': 'no-label',
  'ON_UNVERIFIABLE is reload': 'decided-reload',
  'ON_UNVERIFIABLE is dead-letter': 'decided-dead-letter',
} as const;

/** What an event tells of where a life came. */
export function pathOf(event: LoaderEvent): Path | undefined {
  switch (event.kind) {
    case 'load':
      return pathOfLoad(event);
    case 'claim-resolved':
      return RESOLVED_BY[event.because];
    case 'claim-waits':
      return event.reason === WAITS_FOR_PERSON ? 'decided-wait' : undefined;
    case 'label-unknown':
      return event.memory === 'untold' ? 'untold' : event.memory === 'doubtful' ? 'perhaps-forgotten' : `remembered-by-${event.by}`;
    case 'fuse-blown':
    case 'breaker-opened':
    case 'breaker-probe':
    case 'breaker-closed':
    case 'breaker-alone':
      return event.kind;
    case 'duplicates-absorbed':
      return 'absorbed';
    case 'claim-abandoned':
      return 'abandoned';
    default:
      return undefined;
  }
}

function pathOfLoad({ packing, replay }: LoaderEvent & { kind: 'load' }): Path | undefined {
  if (replay) return 'replayed';
  return packing === undefined ? undefined : ({ packed: 'packed', refused: 'packed-refused' } as const)[packing.kind];
}

/** Why a claim waits that nobody but a person can free. */
export const WAITS_FOR_PERSON = 'ON_UNVERIFIABLE is wait';
