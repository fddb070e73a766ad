import { mayDouble, type Nature, type PlannedRecord, type Scenario } from './scenario.ts';

/** A record as the outside world knows it. */
export interface TrueRecord extends PlannedRecord {
  /** Index of its shard. */
  readonly shard: number;
  readonly sequenceNumber: string;
  /** `database.table`; `-` for one that no table takes. */
  readonly target: string;
  /** The row, or bytes that are none. */
  readonly payload: string;
}

/** What really happened, and what of it broke a promise. */
export interface Truth {
  readonly records: ReadonlyMap<number, TrueRecord>;
  /** How often each row is stored. */
  readonly stored: ReadonlyMap<number, number>;
  /** Classes of the letters that the queue accepted, by record. */
  readonly letters: ReadonlyMap<number, ReadonlySet<string>>;
  /** Records that the source dropped and reported. */
  readonly expired: Set<number>;
  /** The first broken promise. */
  broken(): string | undefined;
  breaks(promise: string): void;
  store(rows: readonly number[]): void;
  letter(n: number, errorClass: string): void;
  /** The operator decided to load the rows of a label again, although they may be stored. */
  allowTwice(label: string): void;
  /** A load of a label sends these rows: always the same, and nobody else the same. */
  name(label: string, table: string, rows: readonly number[]): void;
  /** Whether rows of this label that are not settled yet are stored, and nobody decided to load them again. */
  isStoredUnsettled(label: string, isUnsettled: (n: number) => boolean): boolean;
  /** The watermark of its table has passed the record. */
  settle(n: number, now: number): void;
  /** Since when it has; nothing while it has not. */
  settledAt(n: number): number | undefined;
  /** Whether nobody has to care for the record any more. */
  isSettled(n: number): boolean;
}

/** The table that takes records of an index. */
export const tableName = (index: number): string => `t${index}`;
export const DATABASE = 'db';

/** Sequence numbers have 56 digits today. */
function sequenceNumberOf(n: number): string {
  return `49${String(n).padStart(54, '0')}`;
}

/** The record number behind a sequence number, or a position with a sub-sequence number. */
export function numberOf(position: string): number {
  const [sequenceNumber = '', sub = '0'] = position.split(':');
  return Number(sequenceNumber.slice(2)) + Number(sub);
}

/** The truth before anything happened. */
export function newTruth(scenario: Scenario): Truth {
  const { shards, tables, onUnverifiable } = scenario;
  const oftener = mayDouble(scenario);
  const records = new Map<number, TrueRecord>();
  for (const [shard, planned] of shards.entries()) {
    for (const record of planned.records) records.set(record.n, { ...record, shard, ...identityOf(record, tables) });
  }
  const stored = new Map<number, number>();
  const letters = new Map<number, Set<string>>();
  const expired = new Set<number>();
  const mayRepeat = new Set<number>();
  const namedBy = new Map<string, string>();
  const rowsOf = new Map<string, readonly number[]>();
  const settled = new Map<number, number>();
  /** A row that a table refuses only at times may be refused when it is put once more, and be stored all the same. */
  const mayBeBoth = (n: number): boolean => records.get(n)?.nature === 'picky' && (oftener || mayRepeat.has(n));
  let broken: string | undefined;
  const breaks = (promise: string): void => {
    broken ??= promise;
  };
  return {
    records,
    stored,
    letters,
    expired,
    broken: () => broken,
    breaks,
    store: (rows) => {
      for (const n of rows) {
        const times = (stored.get(n) ?? 0) + 1;
        stored.set(n, times);
        if (times > 1 && !mayRepeat.has(n) && !oftener) breaks(`record ${n} is stored ${times} times`);
        if (letters.get(n)?.has('data-quality') && !mayBeBoth(n)) breaks(`record ${n} is stored and is a dead letter`);
      }
    },
    letter: (n, errorClass) => {
      const classes = letters.get(n) ?? new Set();
      letters.set(n, classes.add(errorClass));
      if (errorClass === 'unverifiable') {
        if (onUnverifiable === 'reload') breaks(`record ${n} is a dead letter, although it was to be loaded again`);
        return;
      }
      const wrong = objectionToLetter(records.get(n), errorClass);
      if (wrong !== undefined) breaks(`record ${n} ${wrong}`);
      if (stored.has(n) && !mayBeBoth(n)) breaks(`record ${n} is a dead letter and is stored`);
    },
    allowTwice: (label) => {
      for (const n of rowsOf.get(label) ?? []) mayRepeat.add(n);
    },
    name: (label, table, rows) => {
      const members = `${table} ${rows}`;
      const [sameLabel, sameMembers] = [namedBy.get(label), namedBy.get(members)];
      if (sameLabel !== undefined && sameLabel !== members) breaks(`label ${label} stands for rows ${sameLabel} and for ${members}`);
      if (sameMembers !== undefined && sameMembers !== label) breaks(`rows ${members} go under ${sameMembers} and under ${label}`);
      namedBy.set(label, members);
      namedBy.set(members, label);
      rowsOf.set(label, rows);
    },
    isStoredUnsettled: (label, isUnsettled) => (rowsOf.get(label) ?? []).some((n) => isUnsettled(n) && stored.has(n) && !mayRepeat.has(n)),
    settle: (n, now) => {
      if (!settled.has(n)) settled.set(n, now);
    },
    settledAt: (n) => settled.get(n),
    isSettled: (n) => stored.has(n) || letters.has(n) || expired.has(n),
  };
}

/** Larger than a row may be. */
export const MAX_ROW_BYTES = 1_000;
const NO_TABLE = 9;

function identityOf({ n, nature, table, aggregate }: PlannedRecord, tables: number) {
  const padding = nature === 'huge' ? { p: 'x'.repeat(MAX_ROW_BYTES) } : {};
  const row = JSON.stringify({ n, k: nature, t: nature === 'stray' ? NO_TABLE : table, ...padding });
  // Where a field decides, what cannot be read has no table.
  const nowhere = nature === 'stray' || nature === 'misfit' || (tables > 1 && (nature === 'broken' || nature === 'huge'));
  return {
    sequenceNumber: sequenceNumberOf(aggregate ?? n),
    target: nowhere ? '-' : `${DATABASE}.${tableName(table)}`,
    payload: nature === 'broken' || nature === 'misfit' ? row.slice(1) : row,
  };
}

const DESERVED: Readonly<Record<Exclude<Nature, 'good'>, string>> = {
  broken: 'decode',
  misfit: 'contract',
  huge: 'oversize',
  stray: 'unroutable',
  refused: 'data-quality',
  picky: 'data-quality',
};

/** A letter has to be deserved: a good row never is, and each class has its reason. */
function objectionToLetter(record: TrueRecord | undefined, errorClass: string): string | undefined {
  if (record === undefined) return 'is a dead letter and never existed';
  if (record.nature === 'good') return `is good and a dead letter (${errorClass})`;
  const expected = DESERVED[record.nature];
  return errorClass === expected ? undefined : `is ${record.nature} and a dead letter for ${errorClass}`;
}

/** What is wrong when everything is over, if anything. */
export function finalFault(truth: Truth): string | undefined {
  for (const { n, nature } of truth.records.values()) {
    if (truth.expired.has(n)) continue;
    const stored = truth.stored.has(n);
    const dead = truth.letters.has(n);
    if (!stored && !dead) return `record ${n} (${nature}) is lost`;
    if (nature !== 'good' && nature !== 'picky' && !dead) return `record ${n} is ${nature} and no dead letter`;
  }
  return undefined;
}

/** Without a fault and without a bad row, group commit stores every record once as well. */
export function doubledWithoutCause(scenario: Scenario, { stored, records }: Truth, struck: readonly string[]): string | undefined {
  const isBad = ({ nature }: TrueRecord): boolean => nature === 'refused';
  if (!mayDouble(scenario) || struck.length > 0 || [...records.values()].some(isBad)) return undefined;
  for (const [n, times] of stored) if (times > 1) return `record ${n} is stored ${times} times, and nothing went wrong`;
  return undefined;
}
