import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../doris/faults.ts';
import { seededRandom } from '../doris/faults.ts';
import type { DorisStandIn } from '../doris/run.ts';
import type { MappingEvent } from '../event-source-mapping/events.ts';
import type { FunctionHost } from '../function-process/host.ts';

/** What was done to the stack while it ran. */
export interface Damage {
  /** Strikes by what the mapping does: by the clock, a slow machine would be struck more often than it gets anything done. */
  readonly observe: (event: MappingEvent) => void;
  /** Ends it and lets everything work again. @returns how often each thing was done. */
  stop(): Promise<ReadonlyMap<string, number>>;
}

/** A share of requests that meet this, wherever they are. */
export const REQUEST_FAULTS: readonly Fault[] = [
  { at: 'be.after-commit', probability: 0.12, action: { kind: 'reset' } },
  { at: 'be.before-commit', probability: 0.06, action: { kind: 'reset' } },
  { at: 'be.after-commit', probability: 0.05, action: { kind: 'publish-timeout', visibleAfterMs: 200 } },
  { at: 'be.after-commit', probability: 0.04, action: { kind: 'fail', message: '[THRIFT_RPC_ERROR]failed to call frontend service' } },
  {
    at: 'be.before-commit',
    probability: 0.04,
    action: { kind: 'fail', message: '[E-235]failed to init rowset builder. too many versions' },
  },
  { at: 'be.before-commit', probability: 0.04, action: { kind: 'lock-label', ms: 400, becomes: 'VISIBLE' } },
  { at: 'be.reply', probability: 0.04, action: { kind: 'truncate', bytes: 40, honest: false } },
  { at: 'fe.request', probability: 0.05, action: { kind: 'respond', status: 503, body: 'upstream is away' } },
  { at: 'fe.load-state', probability: 0.1, action: { kind: 'reset' } },
];

const SETTLED_BETWEEN_STRIKES = 3;
/** An invocation takes about as long: a strike meets it anywhere between its first instruction and its answer. */
const MOST_DELAY_MS = 600;

/** Makes Doris lose replies and restart, and kills the function's processes, at random moments drawn from a seed. */
export function damage(doris: DorisStandIn, functions: Pick<FunctionHost, 'kill'>, seed: number): Damage {
  const random = seededRandom(seed);
  const done = new Map<string, number>();
  const count = (what: string): void => void done.set(what, (done.get(what) ?? 0) + 1);
  doris.faults.seed(seed);
  for (const fault of REQUEST_FAULTS) doris.faults.add(fault);

  async function strike(): Promise<void> {
    if (random() < 0.5) {
      count('function processes killed');
      await functions.kill();
    } else {
      count('Doris restarts');
      await doris.restart();
    }
  }

  const stopping = new AbortController();
  let striking = Promise.resolve();
  async function strikeSoon(): Promise<void> {
    const isDue = await sleep(random() * MOST_DELAY_MS, true, { signal: stopping.signal }).catch(() => false);
    if (isDue) await strike();
  }

  async function stop(): Promise<ReadonlyMap<string, number>> {
    stopping.abort();
    await striking;
    for (const { place, action } of doris.faults.struck()) count(`${action.kind} at ${place.point}`);
    doris.faults.clear();
    return done;
  }

  const isTimeToStrike = strikeTimes();
  let stopped: ReturnType<typeof stop> | undefined;
  return {
    observe(event) {
      if (isTimeToStrike(event)) striking = striking.then(strikeSoon);
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** True when the first batch sets out, and whenever some more have settled. */
function strikeTimes(): (event: MappingEvent) => boolean {
  let delivered = 0;
  let settled = 0;
  return (event) => {
    if (event.kind === 'batch') return ++delivered === 1;
    return event.kind === 'outcome' && event.verdict.kind === 'settled' && ++settled % SETTLED_BETWEEN_STRIKES === 0;
  };
}
