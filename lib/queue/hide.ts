import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { UnsettledMessage } from '../forwarded.ts';
import { inTime } from '../in-time.ts';
import { NOWHERE } from '../source/iggy.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Millis } from '../units.ts';
import { hiddenFor, type Visibility } from './visibility.ts';

/** With what messages are hidden, and for how long at most. */
export interface Hiding {
  readonly visibility: Visibility;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly longest: Millis;
}

/**
 * Keeps unsettled messages away for a while that grows with their receives. What is not changed by the deadline keeps the visibility timeout
 * of its queue, which is no fault of the messages.
 */
export async function hideUnsettled(
  unsettled: readonly UnsettledMessage[],
  { visibility, telemetry, clock, longest }: Hiding,
  deadline: Deadline,
): Promise<void> {
  const hidden = unsettled.map(({ message, patience }) => ({ message, within: hiddenFor(patience, longest, clock.random()) }));
  const late = () => new TooLate('there was no time left to change it');
  try {
    await inTime(() => visibility.hide(hidden), { within: deadline.remaining(), clock, late });
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    telemetry.record({ kind: 'visibility-unchanged', source: NOWHERE, messages: hidden.length, reason: error.message });
  }
}

class TooLate extends Error {
  override readonly name = 'TooLate';
}
