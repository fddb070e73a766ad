import type { DeadLetter } from '../dead-letter/letter.ts';
import type { Refusal } from '../ledger/checkpoint.ts';
import type { Label } from '../plan/label.ts';
import type { Fault, PoisonRow, Row } from '../source/record.ts';
import type { Run } from './run.ts';

/** The load that a row was part of when its fate was decided. */
export interface DecidedLoad {
  readonly label: Label;
  readonly attempts?: number;
  /** Position columns that its rows carry, where it may be stored. */
  readonly columns?: string;
}

/** Hands poison rows to the dead letters. Their receipt comes before any move of the ledger past them. */
export async function deadLetterRows(run: Run, poison: readonly PoisonRow[], load?: DecidedLoad): Promise<void> {
  if (poison.length === 0) return;
  const { clock, deadLetters } = run.ports;
  const base = { source: run.batch.source, target: run.key.target, failedAt: clock.now() };
  const letters = poison.map(({ fault, record }): DeadLetter => ({ ...base, fault, record, ...(isOfLoad(fault) ? load : {}) }));
  await deadLetters.send(letters);
  tell(run, poison);
}

function isOfLoad({ errorClass }: Fault): boolean {
  return errorClass === 'data-quality' || errorClass === 'unverifiable';
}

function tell(run: Run, poison: readonly PoisonRow[]): void {
  const counts = new Map<Fault['errorClass'], number>();
  for (const { fault } of poison) counts.set(fault.errorClass, (counts.get(fault.errorClass) ?? 0) + 1);
  for (const [errorClass, records] of counts) {
    run.ports.telemetry.record({ kind: 'dead-lettered', source: run.batch.source, target: run.key.target, errorClass, records });
  }
}

/** A row that Doris refused, as the poison row that it is from now on. */
export function refusedRow({ record }: Row, { reason, errorUrl }: Refusal): PoisonRow {
  return { kind: 'poison', record, fault: { errorClass: 'data-quality', reason, ...(errorUrl === undefined ? {} : { errorUrl }) } };
}
