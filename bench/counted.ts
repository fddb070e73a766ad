import { WARM_UPS } from './children/laps.ts';
import type { Payloads } from './event.ts';
import { race } from './race.ts';
import type { Stage } from './stage.ts';

/** DynamoDB's part in one event, on average over some. */
export interface Counted {
  /** Calls of any of these operations. */
  calls(operations: readonly string[]): number;
  readonly units: number;
}

const EVENTS = 5;

/** Runs the function on events of a kind with a counter in front of its DynamoDB. */
export async function countedOn(stage: Stage, payloads: Payloads, env: Readonly<Record<string, string>> = {}): Promise<Counted> {
  const counter = await stage.countCalls();
  try {
    const behind = { ...env, AWS_ENDPOINT_URL_DYNAMODB: counter.endpoint };
    await race(stage, { contenders: ['handler'], payloads, rounds: EVENTS }, behind);
  } finally {
    counter.close();
  }
  const events = EVENTS + WARM_UPS;
  return {
    calls: (operations) => operations.reduce((sum, operation) => sum + (counter.calls.get(operation) ?? 0), 0) / events,
    units: counter.units() / events,
  };
}
