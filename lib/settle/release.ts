import { LedgerUnavailable } from '../ledger/checkpoint.ts';
import { epochMillis } from '../units.ts';
import { type Held, type Run, type Step, stop } from './run.ts';

/**
 * Stops with a claim left open, and says that this invocation will start no more attempts under it, so that its successor need not wait for
 * its deadline. `idle`: no attempt of it is under way either, and only an invocation from which the claim was taken over may still use it.
 * A ledger that does not answer leaves the deadline as it stands, which costs the successor time and nothing else.
 */
export async function stopReleased(run: Run, { claim, sharedUntil }: Held, attempts: 'idle' | 'in doubt', reason: string): Promise<Step> {
  const used = attempts === 'idle' ? 0 : run.ports.clock.now();
  const deadline = epochMillis(Math.max(sharedUntil ?? 0, used));
  try {
    await run.ports.ledger.move(run.key, {
      expect: { kind: 'holding', label: claim.label, epoch: claim.epoch },
      claim: { ...claim, deadline },
    });
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
  }
  return stop(reason);
}
