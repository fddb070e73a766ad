import type { Lap, RaceJob, RaceResult } from './children/laps.ts';
import { runChild } from './run-child.ts';
import type { Stage } from './stage.ts';

/** A race in a process of its own, against the stage's servers. */
export async function race({ env }: Stage, job: RaceJob, more: Readonly<Record<string, string>> = {}, field: 'race' | 'peers' = 'race') {
  return (await runChild(field, job, { ...env, ...more })) as RaceResult;
}

/** @throws {TypeError} for one that was not in the race. */
export function lapOf({ laps }: RaceResult, name: string): Lap {
  const lap = laps[name];
  if (lap === undefined) throw new TypeError(`${name} was not in the race`);
  return lap;
}
