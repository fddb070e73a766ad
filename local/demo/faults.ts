import type { Fault } from '../doris/faults.ts';
import { seededRandom } from '../doris/faults.ts';
import type { DorisStandIn } from '../doris/run.ts';
import type { FunctionHost } from '../function-process/host.ts';

/** What was done to the stack while it ran. */
export interface Damage {
  /** Ends it and lets everything work again. @returns how often each thing was done. */
  stop(): Promise<ReadonlyMap<string, number>>;
}

/** A share of requests that meet this, wherever they are. */
const FAULTS: readonly Fault[] = [
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

const BETWEEN_STRIKES_MS = 2_500;

/** Makes Doris lose replies and restart, and kills the function's processes, at random moments drawn from a seed. */
export function damage(doris: DorisStandIn, functions: FunctionHost, seed: number): Damage {
  const random = seededRandom(seed);
  const done = new Map<string, number>();
  const count = (what: string): void => void done.set(what, (done.get(what) ?? 0) + 1);
  doris.faults.seed(seed);
  for (const fault of FAULTS) doris.faults.add(fault);

  async function strike(): Promise<void> {
    if (random() < 0.5) {
      count('function processes killed');
      await functions.kill();
    } else {
      count('Doris restarts');
      await doris.restart();
    }
  }

  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(strike);
  }, BETWEEN_STRIKES_MS);

  return {
    async stop() {
      clearInterval(timer);
      await running;
      for (const { place, action } of doris.faults.struck()) count(`${action.kind} at ${place.point}`);
      doris.faults.clear();
      return done;
    },
  };
}
