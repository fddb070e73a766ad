import { describe, expect, it } from 'vitest';
import { type FaultKind, kindOf } from './faults.ts';
import type { Life, Simulate } from './life.ts';
import { mayDouble, type Nature, type PlannedRecord, type Scenario, scenarioOf } from './scenario.ts';
import { tellFailure } from './shrink.ts';
import { simulateScenario } from './simulate.ts';

const NATURES: readonly Nature[] = ['good', 'broken', 'good', 'refused', 'good', 'good', 'huge', 'refused', 'picky', 'broken'];

/** The third to the fifth are user records of one aggregate. */
const RECORDS = NATURES.map(
  (nature, n): PlannedRecord => ({ n, nature, table: 0, arrivesAt: 0, ...(n >= 2 && n <= 4 ? { aggregate: 2 } : {}) }),
);

/** One shard that comes as one batch, of which nothing goes wrong but what a test names. */
function directed(mode: Scenario['mode'], seed: number, kinds: readonly FaultKind[]): Scenario {
  return {
    ...scenarioOf(seed),
    mode,
    packing: mayDouble({ mode }) ? 'off' : 'mixed',
    shards: [{ id: 'shardId-000000000000', records: RECORDS }],
    tables: 1,
    batchSize: RECORDS.length,
    maxRows: 100,
    maxBytes: 10_000,
    fuseShare: 1,
    isolationLoads: 1_000,
    timeout: 60_000,
    bisects: false,
    onUnverifiable: 'dead-letter',
    retention: 168 * 3_600_000,
    stormyDeliveries: 12,
    rates: new Map(kinds.map((kind) => [kind, 1])),
  };
}

/** Lives a life in which exactly these faults happen. */
async function live(mode: Scenario['mode'], seed: number, faults: readonly string[]): Promise<Life> {
  const scenario = directed(mode, seed, faults.map(kindOf));
  const simulate: Simulate = (_, reduction, traced) => simulateScenario(scenario, reduction, traced);
  const life = await simulate(seed, { only: new Set(faults) });
  if (life.broken !== undefined) expect.fail(await tellFailure(life, simulate));
  return life;
}

/** Goes through the places of a fault until there is none left. @returns how many there were. */
async function atEveryPlace(
  place: (turn: number) => string,
  others: readonly string[],
  mode: Scenario['mode'],
  seed: number,
): Promise<number> {
  for (let turn = 1; ; turn++) {
    const fault = place(turn);
    const { struck } = await live(mode, seed, [fault, ...others]);
    if (!struck.includes(fault)) return turn - 1;
  }
}

const SHARD = 'shardId-000000000000';
const killedAt = (machine: string) => (turn: number) => `killed@${machine}#${turn}`;
const frozenAt = (machine: string) => (turn: number) => `frozen@${machine}#${turn}`;
const MODES = ['labelled', 'two-phase', 'both', 'group-commit-may-duplicate', 'any'] as const;

describe.each(MODES)('a function in mode %s keeps every promise', { timeout: 120_000 }, (mode) => {
  it('when it is killed at any request and at any reply', async () => {
    expect(await atEveryPlace(killedAt('m1'), [], mode, 1)).toBeGreaterThan(20);
  });

  it('when it is killed there and its batch comes cut anew', async () => {
    const others = [`recut@${SHARD}#1`, `recut@${SHARD}#2`];
    expect(await atEveryPlace(killedAt('m1'), others, mode, 2)).toBeGreaterThan(20);
  });

  it('when it is killed there and its batch comes hours later, to a Doris that has forgotten labels and what it held back', async () => {
    const others = [`paused@${SHARD}#2`, 'labels-crowded-out@doris#2', `recut@${SHARD}#1`];
    expect(await atEveryPlace(killedAt('m1'), others, mode, 4)).toBeGreaterThan(20);
  });

  it('when its successor is killed as well, at any of both, and the table is repaired in between', async () => {
    for (const first of [4, 14]) {
      const others = [killedAt('m1')(first), 'schema-mistake@doris#1'];
      expect(await atEveryPlace(killedAt('m2'), others, mode, first)).toBeGreaterThan(0);
    }
  });

  it('when it falls asleep at any reply and wakes up beside its successor', async () => {
    expect(await atEveryPlace(frozenAt('m1'), [`failover@${SHARD}#1`], mode, 5)).toBeGreaterThan(5);
  });

  it('when two fall asleep, one after the other, and a third has the shard', async () => {
    for (const first of [2, 7]) {
      const others = [frozenAt('m1')(first), `failover@${SHARD}#1`, `failover@${SHARD}#2`, 'schema-mistake@doris#1'];
      await atEveryPlace(frozenAt('m2'), others, mode, first);
    }
  });
});
