import type { Clock } from '../../lib/clock.ts';
import { epochMillis, type Millis, millis } from '../../lib/units.ts';

/** Time in which many things happen at once: it stands still until everybody waits, then it jumps to the next who is due. */
export interface Timeline {
  readonly clock: Clock;
  /** Lets everything happen that is due within the span. */
  run(span: Millis): Promise<void>;
}

interface Appointment {
  readonly at: number;
  readonly ring: () => void;
}

export function timeline(random: () => number, start = 1_700_000_000_000): Timeline {
  let elapsed = 0;
  const appointments = new Set<Appointment>();
  const alarm = (span: Millis, ring: () => void) => {
    const appointment = { at: elapsed + span, ring };
    appointments.add(appointment);
    return () => void appointments.delete(appointment);
  };
  const clock: Clock = {
    now: () => epochMillis(start + elapsed),
    elapsed: () => millis(elapsed),
    sleep: (span) => new Promise((wake) => void alarm(span, wake)),
    alarm,
    random,
  };
  return {
    clock,
    run: async (span) => {
      const end = elapsed + span;
      for (;;) {
        await everybodyWaits();
        const next = earliest(appointments);
        if (next === undefined || next.at > end) break;
        appointments.delete(next);
        elapsed = next.at;
        next.ring();
      }
      elapsed = end;
    },
  };
}

/** Of those due at one moment, the one who was there first. */
function earliest(appointments: ReadonlySet<Appointment>): Appointment | undefined {
  let first: Appointment | undefined;
  for (const appointment of appointments) if (first === undefined || appointment.at < first.at) first = appointment;
  return first;
}

/** In memory nothing takes longer than the promises that are settled already. */
function everybodyWaits(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
