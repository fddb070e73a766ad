import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { Claim } from '../ledger/checkpoint.ts';
import type { Label } from '../plan/label.ts';
import { targetName } from '../plan/route.ts';
import type { Doris, Memory, Target } from '../ports.ts';
import type { SourceShard } from '../source/record.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Millis, millis, seconds } from '../units.ts';
import { targetOf } from './run.ts';

/** How long Doris remembers the label of a load that has ended (reference 4). */
export interface LabelMemory {
  /** Older labels may be forgotten, however quiet the database is. */
  readonly longest: Millis;
  /** Younger ones are remembered, however busy it is. */
  readonly shortest: Millis;
  /** Transactions that end in a database until it forgets a label; Infinity when it counts none. */
  readonly transactions: number;
}

/** Who wants to know. */
interface Inquirer {
  readonly ports: { readonly clock: Clock; readonly doris: Doris; readonly telemetry: Telemetry };
  readonly rules: { readonly labelMemory: LabelMemory };
  readonly deadline: Deadline;
  readonly batch: { readonly source: SourceShard };
  readonly table: { readonly target?: Target };
}

/** What it was told by. */
export type MemoryProof = 'age' | 'witness' | 'transactions';

/** Between a question and the load that it permits lies no more: the longest back-off, connecting, and the frontend's answer. */
const LONGEST_WAY = seconds(40);

/**
 * Whether Doris would know the label of a claim now, had it stored the load. Labels of one database are forgotten in the order in which
 * their transactions ended: while one that ended before the claim was written is known, the claim's would be, too. Without such a witness the
 * ids of transactions tell: they count from the beginning of the cluster, over all of its databases. Half of the limit leaves room for those
 * that were running when the claim was written.
 */
export async function wouldBeKnown(
  run: Inquirer,
  { state, label, claimedAt, absentAt = claimedAt }: Pick<Claim, 'state' | 'label' | 'claimedAt' | 'absentAt'>,
  witness: Label | undefined,
): Promise<Memory> {
  // Nothing of it is visible; or it had no label, and is put again whatever became of it.
  if (state.kind === 'unseen' || state.kind === 'unlabelled') return 'young';
  const age = millis(run.ports.clock.now() - Math.max(claimedAt, absentAt));
  const by = byAge(age, run.rules.labelMemory);
  const told = by === undefined ? await byOthers(run, witness) : ({ by: 'age', memory: by } as const);
  run.ports.telemetry.record({ kind: 'label-unknown', source: run.batch.source, target: targetName(targetOf(run)), label, ...told });
  return told.memory;
}

function byAge(age: Millis, { longest, shortest }: LabelMemory): Memory | undefined {
  if (age > longest) return 'doubtful';
  if (age > shortest) return undefined;
  return age + LONGEST_WAY <= shortest ? 'young' : 'certain';
}

async function byOthers(run: Inquirer, witness: Label | undefined): Promise<{ readonly by: MemoryProof; readonly memory: Memory }> {
  return witness === undefined
    ? { by: 'transactions', memory: await byTransactions(run, run.rules.labelMemory.transactions) }
    : { by: 'witness', memory: await byWitness(run, witness) };
}

async function byTransactions(run: Inquirer, limit: number): Promise<Memory> {
  const newest = await run.ports.doris.newestTransaction(targetOf(run), run.deadline);
  if (newest.kind === 'unreachable') return 'untold';
  return newest.kind === 'told' && newest.value < limit / 2 ? 'certain' : 'doubtful';
}

async function byWitness(run: Inquirer, witness: Label): Promise<Memory> {
  const told = await run.ports.doris.labelState(targetOf(run).database, witness, run.deadline);
  if (told.kind === 'unreachable') return 'untold';
  return told.kind === 'visible' ? 'certain' : 'doubtful';
}
