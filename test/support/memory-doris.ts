import type { Deadline } from '../../lib/deadline.ts';
import type { Label } from '../../lib/plan/label.ts';
import type { Doris, LabelState, Load, LoadOutcome, Span, TableModel, Told } from '../../lib/ports.ts';

/** Doris as the loader's rules see it: labels of a database, transactions that commit or abort, rows. No HTTP. */
export interface MemoryDoris extends Doris {
  /** Stored lines of each `database.table`, in the order of their commits. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  /** Labels of every load call, in order. */
  readonly calls: readonly Load[];
  /** Lines that the table refuses; may be changed at any time, as an ALTER TABLE would. */
  refuses: (line: string) => boolean;
  /** Outcomes to give instead of working, one a call; the effect happens first when `stored`. */
  readonly script: ScriptedOutcome[];
  /** Begins a load without asking for permission: its label is taken until `end` commits or aborts it by what the table takes then. */
  begin(load: Load): { end(): LoadOutcome };
  /** Drops labels from memory, as the label limits of Doris do; every label without a name. */
  forget(label?: string): void;
  /** Ids of transactions go on from here. */
  transactions: number;
  /** What the table tells about itself. */
  model: Told<TableModel>;
  counted: (span: Span) => Told<number>;
}

interface ScriptedOutcome {
  readonly stored: boolean;
  readonly outcome: Extract<LoadOutcome, { reason: string }>['kind'];
}

export function memoryDoris(): MemoryDoris {
  const tables = new Map<string, string[]>();
  const labels = new Map<string, LabelState['kind']>();
  const calls: Load[] = [];
  const visible = new Map<string, Label>();
  const doris: MemoryDoris = {
    tables,
    calls,
    script: [],
    begin: (load) => {
      calls.push(load);
      const key = labelKey(load);
      const found = labels.get(key);
      if (found === 'prepare') return { end: () => ({ kind: 'running', attempts: 1, reason: 'Label Already Exists' }) };
      doris.transactions++;
      if (found !== 'visible') labels.set(key, 'prepare');
      return { end: () => work(load) };
    },
    forget: (label) => {
      for (const key of labels.keys()) if (label === undefined || key.endsWith(` ${label}`)) labels.delete(key);
    },
    transactions: 0,
    model: { kind: 'told', value: 'duplicate' },
    counted: () => ({ kind: 'refused', reason: 'no SQL here' }),
    witness: (database) => visible.get(database),
    newestTransaction: async () => ({ kind: 'told', value: ++doris.transactions }),
    tableModel: async () => doris.model,
    countRows: async (_, span) => doris.counted(span),
    refuses: () => false,
    load: async (load, deadline) => {
      const found = await foundInDoubt(doris, load, deadline);
      if (found !== undefined) return found;
      if (!(await load.mayStart())) return { kind: 'unavailable', attempts: 0, reason: 'another invocation has this load now' };
      const scripted = doris.script.shift();
      if (scripted === undefined) return doris.begin(load).end();
      if (scripted.stored) doris.begin(load).end();
      else calls.push(load);
      return { kind: scripted.outcome, attempts: 1, reason: 'scripted' };
    },
    labelState: async (database, label) => ({ kind: labels.get(`${database} ${label}`) ?? 'unknown' }) as LabelState,
  };

  function work(load: Load): LoadOutcome {
    const { target, body, rows } = load;
    const key = labelKey(load);
    if (labels.get(key) === 'visible') return { kind: 'committed', how: 'already-loaded', attempts: 1 };
    const lines = Buffer.concat(body).toString('utf8').split('\n').filter(Boolean);
    if (lines.length !== rows) throw new Error(`${rows} rows announced, ${lines.length} lines sent`);
    const filtered = lines.filter((line) => doris.refuses(line)).length;
    if (filtered > 0) {
      labels.set(key, 'aborted');
      return {
        kind: 'rejected-data',
        attempts: 1,
        rejection: { reason: 'column(n) is bad', ...countedOf(lines, filtered, doris.refuses) },
      };
    }
    labels.set(key, 'visible');
    visible.set(target.database, load.label);
    const name = `${target.database}.${target.table}`;
    tables.set(name, [...(tables.get(name) ?? []), ...lines]);
    return { kind: 'committed', how: 'loaded', attempts: 1 };
  }

  return doris;
}

/** What is known of a load that an earlier invocation left in doubt; nothing when it may be put. */
export async function foundInDoubt(doris: Doris, load: Load, deadline: Deadline): Promise<LoadOutcome | undefined> {
  if (!load.inDoubt) return undefined;
  const state = await doris.labelState(load.target.database, load.label, deadline);
  if (state.kind === 'visible' || state.kind === 'committed') return { kind: 'committed', how: 'already-loaded', attempts: 0 };
  if (state.kind === 'prepare' || state.kind === 'precommitted') return { kind: 'running', attempts: 0, reason: state.kind };
  if (state.kind === 'aborted') return undefined;
  const memory = await load.wouldBeKnown();
  if (memory === 'certain') return undefined;
  return { kind: memory === 'doubtful' && state.kind === 'unknown' ? 'unverifiable' : 'unknown', attempts: 0, reason: 'in doubt' };
}

function labelKey({ target, label }: Load): string {
  return `${target.database} ${label}`;
}

/** Doris stops after about 50 bad rows and counts what it has read until then (reference 9.13). */
function countedOf(lines: readonly string[], filtered: number, refuses: (line: string) => boolean) {
  if (filtered <= 50) return { counted: { total: lines.length, filtered } };
  let bad = 0;
  const total = lines.findIndex((line) => refuses(line) && ++bad > 50) + 1;
  return { counted: { total, filtered: 51 } };
}
