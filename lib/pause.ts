import type { OutageCause } from './ledger/outage.ts';
import { type Millis, millis, seconds } from './units.ts';

/** The shortest pause of a table that took no load. */
export const FIRST_PAUSE = seconds(1);

interface Schedule {
  /** Failures without a pause: one or two are what a restart of Doris costs. */
  readonly free: number;
  readonly first: Millis;
  readonly longest: Millis;
}

const TROUBLE: Schedule = { free: 2, first: FIRST_PAUSE, longest: seconds(30) };
// Nothing but a person ends it, who should see it at once.
const MISTAKE: Schedule = { ...TROUBLE, free: 0 };
// Compaction and memory need time without loads more than anything else.
const PRESSURE: Schedule = { free: 0, first: seconds(5), longest: seconds(60) };

/** How long nobody tries after so many failures in a row: doubling, up to half a minute, or a minute when Doris pushes back. */
export function pauseAfter(cause: OutageCause, failures: number): Millis {
  const { free, first, longest } = scheduleOf(cause);
  return millis(failures <= free ? 0 : Math.min(longest, first * 2 ** (failures - free - 1)));
}

function scheduleOf(cause: OutageCause): Schedule {
  switch (cause) {
    case 'overload':
      return PRESSURE;
    case 'fuse-blown':
    case 'rejected-config':
      return MISTAKE;
    case 'unavailable':
    case 'running':
    case 'unknown':
      return TROUBLE;
    default:
      return cause satisfies never;
  }
}

const LONGEST_RETURN = seconds(15);

/** How long after a pause one process comes back: by chance within half of it, 15 s at most, so that shards return one by one. */
export function returnAfter(pause: Millis, random: number): Millis {
  return millis(Math.min(LONGEST_RETURN, pause / 2) * random);
}
