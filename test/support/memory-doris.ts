import type { Deadline } from '../../lib/deadline.ts';
import type { Label } from '../../lib/plan/label.ts';
import type { Doris, LabelState, Load, LoadMode, LoadOutcome, Span, TableModel, Told } from '../../lib/ports.ts';
import { epochMillis } from '../../lib/units.ts';

/** Doris as the loader's rules see it: labels of a database, transactions that commit or abort, rows. No HTTP. */
export interface MemoryDoris extends Doris {
  mode: LoadMode;
  /** Stored lines of each `database.table`, in the order of their commits. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  /** Labels of every load call, in order. */
  readonly calls: readonly Load[];
  /** Lines that the table refuses; may be changed at any time, as an ALTER TABLE would. */
  refuses: (line: string) => boolean;
  /** Outcomes to give instead of working, one a call; the effect happens first when `stored`. */
  readonly script: ScriptedOutcome[];
  /** Begins a load without asking for permission: its label is taken until `end` commits, precommits or aborts it by what the table takes then. */
  begin(load: Load): { end(): LoadOutcome | Precommitted };
  /** Drops labels from memory, as the label limits of Doris do; every label without a name. */
  forget(label?: string): void;
  /** Aborts what is precommitted, as Doris does after an hour. */
  expirePrecommitted(): void;
  /** Ids of transactions go on from here. */
  transactions: number;
  /** What the table tells about itself. */
  model: Told<TableModel>;
  counted: (span: Span) => Told<number>;
}

/** Doris has the rows and waits for a commit. */
export interface Precommitted {
  readonly kind: 'precommitted';
}

interface ScriptedOutcome {
  readonly stored: boolean;
  readonly outcome: Extract<LoadOutcome, { reason: string }>['kind'];
}

export function memoryDoris(): MemoryDoris {
  const tables = new Map<string, string[]>();
  const labels = new Map<string, LabelState['kind']>();
  const calls: Load[] = [];
  const visible = new Set<Label>();
  const witnesses = new Map<string, Label>();
  const heldBack = new Map<string, () => void>();
  const doris: MemoryDoris = {
    mode: 'labelled',
    tables,
    calls,
    script: [],
    begin: (load) => {
      calls.push(load);
      const key = labelKey(load);
      const found = doris.mode === 'group-commit-may-duplicate' ? undefined : labels.get(key);
      if (found === 'precommitted') return { end: () => ({ kind: 'precommitted' }) };
      if (found === 'prepare') return { end: () => ({ kind: 'running', attempts: 1, reason: 'Label Already Exists' }) };
      doris.transactions++;
      if (doris.mode === 'group-commit-may-duplicate') return { end: () => workInGroup(load) };
      if (found !== 'visible') labels.set(key, 'prepare');
      return { end: () => work(load) };
    },
    commit: async (target, label) => {
      const key = labelKey({ target, label });
      heldBack.get(key)?.();
      heldBack.delete(key);
      return { kind: labels.get(key) ?? 'unknown' } as LabelState;
    },
    expirePrecommitted: () => {
      for (const key of heldBack.keys()) labels.set(key, 'aborted');
      heldBack.clear();
    },
    forget: (label) => {
      for (const key of labels.keys()) if (label === undefined || key.endsWith(` ${label}`)) labels.delete(key);
    },
    transactions: 0,
    model: { kind: 'told', value: 'duplicate' },
    counted: () => ({ kind: 'refused', reason: 'no SQL here' }),
    witness: (database) => witnesses.get(database),
    settled: (database, label) => {
      if (visible.delete(label)) witnesses.set(database, label);
    },
    newestTransaction: async () => ({ kind: 'told', value: ++doris.transactions }),
    tableModel: async () => doris.model,
    countRows: async (_, span) => doris.counted(span),
    refuses: () => false,
    load: async (load, deadline) => {
      const found = await foundInDoubt(doris, load, deadline);
      if (found !== undefined) return found;
      if (!(await load.mayStart())) return { kind: 'unavailable', attempts: 0, reason: 'another invocation has this load now' };
      const scripted = doris.script.shift();
      if (scripted === undefined) return concluded(doris, load, doris.begin(load).end(), deadline);
      if (scripted.stored) doris.begin(load).end();
      else calls.push(load);
      return { kind: scripted.outcome, attempts: 1, reason: 'scripted' };
    },
    labelState: async (database, label) => ({ kind: labels.get(`${database} ${label}`) ?? 'unknown' }) as LabelState,
  };

  function work(load: Load): LoadOutcome | Precommitted {
    const key = labelKey(load);
    if (labels.get(key) === 'visible') return { kind: 'committed', how: 'already-loaded', attempts: 1 };
    const lines = linesOf(load);
    const refused = refusal(lines, doris.refuses);
    if (refused !== undefined) {
      labels.set(key, 'aborted');
      return refused;
    }
    const show = (): void => {
      labels.set(key, 'visible');
      visible.add(load.label);
      store(load, lines);
    };
    if (doris.mode === 'two-phase') {
      labels.set(key, 'precommitted');
      heldBack.set(key, show);
      return { kind: 'precommitted' };
    }
    show();
    return { kind: 'committed', how: 'loaded', attempts: 1 };
  }

  /** Good rows are stored beside bad ones. */
  function workInGroup(load: Load): LoadOutcome {
    const lines = linesOf(load);
    const good = lines.filter((line) => !doris.refuses(line));
    store(load, good);
    return refusal(lines, doris.refuses) ?? { kind: 'committed', how: 'grouped', attempts: 1 };
  }

  function store({ target }: Load, lines: readonly string[]): void {
    const name = `${target.database}.${target.table}`;
    tables.set(name, [...(tables.get(name) ?? []), ...lines]);
  }

  return doris;
}

function linesOf({ body, rows }: Load): string[] {
  const lines = Buffer.concat(body).toString('utf8').split('\n').filter(Boolean);
  if (lines.length !== rows) throw new Error(`${rows} rows announced, ${lines.length} lines sent`);
  return lines;
}

function refusal(lines: readonly string[], refuses: (line: string) => boolean): LoadOutcome | undefined {
  const filtered = lines.filter((line) => refuses(line)).length;
  if (filtered === 0) return undefined;
  return { kind: 'rejected-data', attempts: 1, rejection: { reason: 'column(n) is bad', ...countedOf(lines, filtered, refuses) } };
}

/** The outcome of a load that may have to be committed first. */
export async function concluded(doris: Doris, load: Load, end: LoadOutcome | Precommitted, deadline: Deadline): Promise<LoadOutcome> {
  if (end.kind !== 'precommitted') return end;
  if (!(await load.mayCommit())) return { kind: 'running', attempts: 1, reason: 'another invocation has this load now' };
  const { kind } = await doris.commit(load.target, load.label, deadline);
  if (kind === 'visible') return { kind: 'committed', how: 'loaded', attempts: 1 };
  return kind === 'aborted'
    ? { kind: 'unavailable', attempts: 1, reason: 'the transaction was aborted' }
    : { kind: 'unknown', attempts: 1, reason: `after the commit: ${kind}` };
}

/** What is known of a load that an earlier invocation left in doubt; nothing when it may be put. */
export async function foundInDoubt(doris: Doris, load: Load, deadline: Deadline): Promise<LoadOutcome | undefined> {
  if (!load.inDoubt) return undefined;
  const state = await doris.labelState(load.target.database, load.label, deadline);
  if (state.kind === 'visible' || state.kind === 'committed') return { kind: 'committed', how: 'already-loaded', attempts: 0 };
  if (state.kind === 'precommitted') return concluded(doris, load, { kind: 'precommitted' }, deadline);
  if (state.kind === 'prepare') return { kind: 'running', attempts: 0, reason: state.kind };
  if (state.kind === 'aborted') return undefined;
  const asked = state.kind === 'unknown' ? epochMillis(deadline.at - deadline.remaining()) : undefined;
  const memory = await load.wouldBeKnown(asked);
  if (memory === 'young' || (memory === 'certain' && state.kind === 'unknown')) return undefined;
  return { kind: memory === 'doubtful' && state.kind === 'unknown' ? 'unverifiable' : 'unknown', attempts: 0, reason: 'in doubt' };
}

function labelKey({ target, label }: Pick<Load, 'target' | 'label'>): string {
  return `${target.database} ${label}`;
}

/** Doris stops after about 50 bad rows and counts what it has read until then (reference 9.13). */
function countedOf(lines: readonly string[], filtered: number, refuses: (line: string) => boolean) {
  if (filtered <= 50) return { counted: { total: lines.length, filtered } };
  let bad = 0;
  const total = lines.findIndex((line) => refuses(line) && ++bad > 50) + 1;
  return { counted: { total, filtered: 51 } };
}
