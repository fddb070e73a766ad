import type { ClusterOptions } from './assemble.ts';
import { behaviourOf } from './behaviour.ts';
import { openEngine } from './engine/open.ts';
import { openLabelJournal } from './journal.ts';
import { type DorisStandIn, runCluster } from './run.ts';

/** What can be chosen about a stand-in. Ports default to 0, the user to root without password, backends to 1. */
export interface DorisOptions extends Omit<ClusterOptions, 'journal'> {
  /** File that keeps tables and rows between starts, with the labels in a second one beside it; in memory when absent. */
  readonly file?: string;
}

/** Starts a stand-in for Doris, FE, backends and rows, on 127.0.0.1. */
export async function startDoris({ file, ...options }: DorisOptions = {}): Promise<DorisStandIn> {
  const roundsJsonDecimals = behaviourOf(options.behaviour).jsonDecimals === 'rounded';
  if (file === undefined) return runCluster(await openEngine({ roundsJsonDecimals }), options);
  return runCluster(await openEngine({ file, roundsJsonDecimals }), { ...options, journal: openLabelJournal(`${file}.labels`) });
}
