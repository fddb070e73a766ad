import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContractViolation } from '../../lib/errors.ts';
import type { LoadRules } from '../../lib/pipeline.ts';
import type { LoadMode } from '../../lib/ports.ts';
import type { DecodedRecord } from '../../lib/source/record.ts';
import { bytes, seconds } from '../../lib/units.ts';
import { expectAtLeastOnce, expectExactlyOnce } from '../support/exactly-once.ts';
import { batchOf, type Nature, numbersIn, shardOf } from '../support/shard.ts';
import { type Kill, Killed, newWorld, RULES, type World } from '../support/world.ts';

/** One delivery of Lambda: how many records from its checkpoint on, what happens to the invocation, how long until the next. */
interface Delivery {
  readonly size: number;
  /** Records before the checkpoint that come once more. */
  readonly again: number;
  readonly kill?: Kill;
  readonly pause: number;
  /** What Doris does instead of working, for the first loads of this delivery. */
  readonly outcomes: readonly { readonly stored: boolean; readonly outcome: 'unknown' | 'unavailable' | 'overload' | 'running' }[];
  /** From this delivery on the table takes what it refused before, or refuses it again. */
  readonly repaired: boolean;
  readonly mode: LoadMode;
  /** Since the delivery before, Doris has aborted what was precommitted and not committed. */
  readonly expired: boolean;
}

const natures = fc.array(
  fc.oneof({ arbitrary: fc.constant<Nature>('good'), weight: 6 }, { arbitrary: fc.constantFrom<Nature>('broken', 'refused'), weight: 1 }),
  { minLength: 1, maxLength: 40 },
);

/** Deliveries in one mode, or in each of several as an operator changes his mind. */
const deliveries = (...modes: LoadMode[]) =>
  fc.array(
    fc.record<Delivery>(
      {
        size: fc.integer({ min: 1, max: 40 }),
        again: fc.integer({ min: 0, max: 10 }),
        kill: fc.record({ call: fc.integer({ min: 1, max: 14 }), effect: fc.constantFrom('before', 'after') }),
        pause: fc.constantFrom(0, 1, 10, 70, 300),
        outcomes: fc.array(fc.record({ stored: fc.boolean(), outcome: fc.constantFrom('unknown', 'unavailable', 'overload', 'running') }), {
          maxLength: 2,
        }),
        repaired: fc.boolean(),
        mode: fc.constantFrom(...modes),
        expired: fc.boolean(),
      },
      { requiredKeys: ['size', 'again', 'pause', 'outcomes', 'repaired', 'mode', 'expired'] },
    ),
    { maxLength: 12 },
  );

const limits = fc.record({ maxRows: fc.integer({ min: 1, max: 12 }), maxBytes: fc.integer({ min: 40, max: 400 }).map(bytes) });

/** Only an `unknown` or `running` outcome may hide an effect; the others are promises that nothing was stored. */
function honest({ stored, outcome }: Delivery['outcomes'][number]) {
  return { stored: stored && (outcome === 'unknown' || outcome === 'running'), outcome };
}

/** Nothing goes wrong. */
const CALM = { again: 0, pause: 0, outcomes: [], repaired: false, expired: false };

/** Delivers a shard as Lambda does: from its checkpoint on, until everything is acknowledged. */
async function deliver(world: World, records: readonly DecodedRecord[], rules: LoadRules, plan: readonly Delivery[]): Promise<void> {
  let checkpoint = 0;
  for (let turn = 0; checkpoint < records.length; turn++) {
    if (turn > plan.length + 100) throw new Error(`no progress: still at record ${checkpoint} after ${turn} deliveries`);
    const delivery = plan[turn] ?? { ...CALM, size: records.length, pause: 1, mode: plan[0]?.mode ?? 'labelled' };
    world.doris.mode = delivery.mode;
    if (delivery.expired) world.doris.expirePrecommitted();
    world.doris.refuses = (line) => !delivery.repaired && line.includes('refused');
    world.doris.script.splice(0, Infinity, ...delivery.outcomes.map(honest));
    const from = Math.max(0, checkpoint - delivery.again);
    const batch = records.slice(from, checkpoint + delivery.size);
    const acknowledged = await deliverOnce(world, batch, rules, delivery.kill);
    checkpoint = Math.max(checkpoint, from + acknowledged);
    world.clock.advance(seconds(delivery.pause));
  }
}

/** @returns how many records of the batch are acknowledged. */
async function deliverOnce(world: World, batch: readonly DecodedRecord[], rules: LoadRules, kill: Kill | undefined): Promise<number> {
  try {
    const settlement = await world.invoke(batchOf(batch), rules, kill);
    return settlement.kind === 'settled' ? batch.length : batch.findIndex(({ record }) => record.itemIdentifier === settlement.from);
  } catch (error) {
    if (error instanceof Killed) return 0;
    throw error;
  }
}

function everyKill(calls: number): Kill[] {
  return Array.from({ length: calls }, (_, n) => n + 1).flatMap((call): Kill[] => [
    { call, effect: 'before' },
    { call, effect: 'after' },
  ]);
}

const openRules: LoadRules = { ...RULES, fuseShare: 1 };

const kinds: Nature[] = ['good', 'broken', 'good', 'refused', 'good', 'good', 'broken', 'refused', 'good', 'broken'];

async function callsOfCalmRun(mode: LoadMode): Promise<number> {
  const calm = newWorld();
  calm.doris.mode = mode;
  calm.doris.refuses = (line) => line.includes('refused');
  await calm.invoke(batchOf(shardOf(kinds)), openRules);
  return calm.calls;
}

describe.each<readonly [string, readonly LoadMode[]]>([
  ['under labels', ['labelled']],
  ['in two phases', ['two-phase']],
  ['under labels and in two phases by turns', ['labelled', 'two-phase']],
])('a shard that is delivered at least once, %s,', (_, modes) => {
  it('is stored exactly once, whatever is killed, lost, cut anew, brought again or repaired in between', async () => {
    await fc.assert(
      fc.asyncProperty(natures, deliveries(...modes), limits, async (kinds, plan, cuts) => {
        const world = newWorld();
        await deliver(world, shardOf(kinds), { ...openRules, limits: cuts }, plan);
        expectExactlyOnce(world, kinds);
      }),
      { numRuns: 1000 },
    );
  });

  const [mode = 'labelled', later = mode] = modes.toReversed();

  it('is stored exactly once when the function dies at any call, before or after its effect', async () => {
    const calls = await callsOfCalmRun(mode);
    expect(calls).toBeGreaterThan(10);

    for (const kill of everyKill(calls)) {
      for (const [size, pause, expired] of [
        [10, 0, false],
        [10, 70, false],
        [7, 70, false],
        [3, 70, false],
        [3, 70, true],
        [1, 0, false],
      ] as const) {
        const world = newWorld();
        const first = { ...CALM, size: 10, pause, kill, mode };
        await deliver(world, shardOf(kinds), openRules, [first, { ...CALM, size, mode: later, expired }]);
        expectExactlyOnce(world, kinds);
      }
    }
  });

  it('stays exactly once when a killed batch comes back to a repaired table', async () => {
    for (let call = 1; call <= 30; call++) {
      const world = newWorld();
      const first = { ...CALM, size: 10, pause: 70, kill: { call, effect: 'after' as const }, mode };
      await deliver(world, shardOf(kinds), openRules, [first, { ...CALM, size: 10, repaired: true, mode: later }]);
      expectExactlyOnce(world, kinds);
    }
  });
});

describe('a shard that is delivered through group commit', () => {
  it('is stored at least once, whatever is killed, lost, cut anew, brought again or repaired in between, and in whatever mode before', async () => {
    await fc.assert(
      fc.asyncProperty(natures, deliveries('group-commit-may-duplicate', 'labelled', 'two-phase'), limits, async (all, plan, cuts) => {
        const world = newWorld();
        await deliver(world, shardOf(all), { ...openRules, limits: cuts }, plan);
        expectAtLeastOnce(world, all);
      }),
      { numRuns: 500 },
    );
  });

  it('is stored at least once when the function dies at any call, before or after its effect', async () => {
    const mode = 'group-commit-may-duplicate';
    for (const kill of everyKill(await callsOfCalmRun(mode))) {
      for (const size of [10, 3]) {
        const world = newWorld();
        const first = { ...CALM, size: 10, pause: 70, kill, mode } as const;
        await deliver(world, shardOf(kinds), openRules, [first, { ...CALM, size, mode }]);
        expectAtLeastOnce(world, kinds);
      }
    }
  });

  it('is stored once when nothing goes wrong, and once more never by a later delivery of what is settled', async () => {
    const world = newWorld();
    world.doris.mode = 'group-commit-may-duplicate';
    const records = shardOf(['good', 'broken', 'good', 'good']);

    for (let delivery = 1; delivery <= 3; delivery++) await world.invoke(batchOf(records), RULES);

    expectExactlyOnce(world, ['good', 'broken', 'good', 'good']);
  });
});

describe('lanes that interleave', () => {
  it('are refused before anything is trimmed', async () => {
    const world = newWorld();
    const records = shardOf(Array.from({ length: 10 }, () => 'good' as const));
    const even = records.filter((_, n) => n % 2 === 0);
    const odd = records.filter((_, n) => n % 2 === 1);
    await world.invoke(batchOf(even.slice(0, 3)), RULES);

    await expect(world.invoke(batchOf(odd), RULES)).rejects.toThrow(ContractViolation);
    expect(numbersIn(world.doris.tables.get('db.t'))).toEqual([0, 2, 4]);
  });

  it.each([
    ['first', 2, 5],
    ['last', 0, 3],
  ])('are refused when the %s record of an open claim lies between the records of the batch', async (_, start, end) => {
    const world = newWorld();
    const records = shardOf(Array.from({ length: 10 }, () => 'good' as const));
    const claimed = records.filter((_record, n) => n % 2 === 0).slice(start, end);
    const others = records.filter((_record, n) => n % 2 === 1).slice(start === 0 ? 1 : 0, start === 0 ? 4 : 3);
    await expect(world.invoke(batchOf(claimed), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);

    await expect(world.invoke(batchOf(others), RULES)).rejects.toThrow(ContractViolation);
  });
});
