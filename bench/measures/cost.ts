import { PRICES } from '../../infra/plan.ts';
import { countedOn } from '../counted.ts';
import { amount, type Figure } from '../figure.ts';
import { median } from '../judge.ts';
import { lapOf, race } from '../race.ts';
import type { Stage } from '../stage.ts';

const WINDOWS = [1, 5, 30, 60];
/** Of one shard, which takes at most ten times that. */
const RECORDS_PER_SECOND = 100;
const RECORD_BYTES = 1_000;
const MEMORY_MB = 1_024;
/** Lambda gives a function of so much memory one core, and less in proportion. */
const ONE_CORE_MB = 1_769;
const MILLION = 1e6;
const ROUNDS = 9;

/**
 * What a million records of 1 KB cost at several batch windows: Lambda's time from this machine's times, DynamoDB's units as it counts them, at
 * the prices of `plan`. Time on CPU counts as on the share of a core that the function's memory buys.
 */
export async function measureCost(stage: Stage): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const seconds of WINDOWS) figures.push(...(await costOf(stage, seconds)));
  return figures;
}

async function costOf(stage: Stage, window: number): Promise<Figure[]> {
  const payloads = { kind: 'json', size: RECORD_BYTES, most: window * RECORDS_PER_SECOND } as const;
  const result = await race(stage, { contenders: ['handler'], payloads, rounds: ROUNDS });
  const { wallMs, cpuMs } = lapOf(result, 'handler');
  const cpu = median(cpuMs);
  const billedMs = Math.max(0, median(wallMs) - cpu) + cpu * (ONE_CORE_MB / MEMORY_MB);
  const batches = MILLION / result.rows;
  const lambda = batches * ((billedMs / 1000) * (MEMORY_MB / 1024) * PRICES.gigabyteSecond);
  const requests = batches * PRICES.request;
  const writes = batches * (await countedOn(stage, payloads)).units * PRICES.writeUnit;
  const name = `window of ${window} s, ${result.rows} records a batch`;
  return [
    amount(`${name}: a million records`, lambda + requests + writes, 'USD'),
    amount('  Lambda time', lambda, `USD, ${billedMs.toFixed(1)} ms an invocation`),
    amount('  Lambda requests', requests, 'USD'),
    amount('  DynamoDB writes', writes, 'USD'),
  ];
}
