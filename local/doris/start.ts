import type { ClusterOptions } from './assemble.ts';
import { openEngine } from './engine/open.ts';
import { type DorisStandIn, runCluster } from './run.ts';

/** What can be chosen about a stand-in. Ports default to 0, the user to root without password, backends to 1. */
export interface DorisOptions extends ClusterOptions {
  /** File that keeps tables and rows between starts; in memory when absent. */
  readonly file?: string;
}

/** Starts a stand-in for Doris, FE, backends and rows, on 127.0.0.1. */
export async function startDoris({ file, ...options }: DorisOptions = {}): Promise<DorisStandIn> {
  return runCluster(await openEngine(file === undefined ? {} : { file }), options);
}
