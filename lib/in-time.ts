import type { Clock } from './clock.ts';
import { type DeadLetters, DeadLettersUnavailable } from './dead-letter/letter.ts';
import type { Deadline, InvocationDeadlines } from './deadline.ts';
import { type Ledger, LedgerUnavailable } from './ledger/checkpoint.ts';
import type { GroupLedger } from './ledger/group.ts';
import type { Ports } from './settle/run.ts';
import type { Millis } from './units.ts';

/** How long somebody waits for work, by which clock, and what he throws then. */
interface Patience {
  readonly within: Millis;
  readonly clock: Clock;
  readonly late: () => Error;
}

/**
 * Waits for work, but no longer than the span; with no time left it is not begun. What comes later is not heard, as if the reply were lost.
 * @throws what `late` makes when time is up first.
 */
export async function inTime<T>(work: () => Promise<T>, { within, clock, late }: Patience): Promise<T> {
  if (within <= 0) throw late();
  let callOff = (): void => {};
  const tooLate = new Promise<never>((_, reject) => {
    callOff = clock.alarm(within, () => reject(late()));
  });
  try {
    return await Promise.race([work(), tooLate]);
  } finally {
    callOff();
  }
}

/** A ledger that nobody waits for past the deadline: the SDK's own time limits know nothing of the invocation's. */
export function ledgerInTime(ledger: Ledger, deadline: Deadline, clock: Clock): Ledger {
  const late = () => new LedgerUnavailable('the ledger did not answer in time');
  const patience = () => ({ within: deadline.remaining(), clock, late });
  return {
    read: (key) => inTime(() => ledger.read(key), patience()),
    move: (key, move) => inTime(() => ledger.move(key, move), patience()),
    firstRedriven: (shard) => inTime(() => ledger.firstRedriven(shard), patience()),
  };
}

/** The same for groups. */
export function groupsInTime(groups: GroupLedger, deadline: Deadline, clock: Clock): GroupLedger {
  const late = () => new LedgerUnavailable('the ledger did not answer in time');
  const patience = () => ({ within: deadline.remaining(), clock, late });
  return {
    ...ledgerInTime(groups, deadline, clock),
    find: (...args) => inTime(() => groups.find(...args), patience()),
    register: (...args) => inTime(() => groups.register(...args), patience()),
    end: (...args) => inTime(() => groups.end(...args), patience()),
  };
}

/** Dead letters that nobody waits for past the deadline. */
export function deadLettersInTime(deadLetters: DeadLetters, deadline: Deadline, clock: Clock): DeadLetters {
  const late = () => new DeadLettersUnavailable('the dead-letter queue or bucket did not answer in time');
  return { send: (letters) => inTime(() => deadLetters.send(letters), { within: deadline.remaining(), clock, late }) };
}

/** What of a loader's ports does not depend on its source, waited for no longer than an invocation lasts. */
export function portsInTime<P extends Omit<Ports, 'ledger'>>(ports: P, { ledger, letters }: InvocationDeadlines): P {
  const { breaker, clock, deadLetters } = ports;
  return { ...ports, breaker: breaker.within(ledger), deadLetters: deadLettersInTime(deadLetters, letters, clock) };
}
