import { setTimeout as sleep } from 'node:timers/promises';
import { type DeadLetters, DeadLettersUnavailable } from './dead-letter/letter.ts';
import type { Deadline } from './deadline.ts';
import { type Ledger, LedgerUnavailable } from './ledger/checkpoint.ts';
import type { Millis } from './units.ts';

/**
 * Waits for work, but no longer than the span; with no time left it is not begun. What comes later is not heard, as if the reply were lost.
 * @throws what `late` makes when time is up first.
 */
export async function inTime<T>(work: () => Promise<T>, within: Millis, late: () => Error): Promise<T> {
  if (within <= 0) throw late();
  const settled = new AbortController();
  const tooLate = sleep(within, undefined, { signal: settled.signal }).then((): never => {
    throw late();
  });
  try {
    return await Promise.race([work(), tooLate]);
  } finally {
    settled.abort();
  }
}

/** A ledger that nobody waits for past the deadline: the SDK's own time limits know nothing of the invocation's. */
export function ledgerInTime(ledger: Ledger, deadline: Deadline): Ledger {
  const late = () => new LedgerUnavailable('the ledger did not answer in time');
  return {
    read: (key) => inTime(() => ledger.read(key), deadline.remaining(), late),
    move: (key, move) => inTime(() => ledger.move(key, move), deadline.remaining(), late),
  };
}

/** Dead letters that nobody waits for past the deadline. */
export function deadLettersInTime(deadLetters: DeadLetters, deadline: Deadline): DeadLetters {
  const late = () => new DeadLettersUnavailable('the dead-letter queue or bucket did not answer in time');
  return { send: (letters) => inTime(() => deadLetters.send(letters), deadline.remaining(), late) };
}
