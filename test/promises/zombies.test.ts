import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { LoadRules } from '../../lib/pipeline.ts';
import type { LoadMode } from '../../lib/ports.ts';
import type { DecodedRecord } from '../../lib/source/record.ts';
import { type Millis, seconds } from '../../lib/units.ts';
import { expectExactlyOnce } from '../support/exactly-once.ts';
import { type SteppedInvocation, startStepped } from '../support/interleaving.ts';
import { batchOf, type Nature, shardOf } from '../support/shard.ts';
import { newWorld, RULES, type World } from '../support/world.ts';

/** What happens next: a further invocation of the shard begins, one of them takes steps, time passes, or the table changes. */
type Happening =
  | { readonly kind: 'begin'; readonly records: number; readonly ahead: number }
  | { readonly kind: 'step'; readonly who: number; readonly steps: number; readonly loseReply: boolean }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'repair'; readonly repaired: boolean };

const happenings = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('begin' as const),
        records: fc.integer({ min: 1, max: 5 }),
        ahead: fc.constantFrom(-1000, 0, 1000),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('step' as const),
        who: fc.nat(3),
        steps: fc.integer({ min: 1, max: 6 }),
        loseReply: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(1, 3, 9) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repair' as const), repaired: fc.boolean() }) },
  ),
  { minLength: 5, maxLength: 40 },
);

const natures = fc.array(fc.constantFrom<Nature>('good', 'good', 'refused', 'broken'), { minLength: 2, maxLength: 5 });

/** Two machines disagree by up to 2 s, and a request is up to 3 s on its way: together the grace. The fuse blows at two bad rows of two. */
const rules: LoadRules = { ...RULES, fuseShare: 0.7, fuseRows: 2, attemptGrace: seconds(5) };

/** A world in which invocations overlap. */
interface Scene {
  readonly world: World;
  readonly records: readonly DecodedRecord[];
  readonly invocations: SteppedInvocation[];
  readonly travel: Millis;
  repaired: boolean;
}

async function happen(scene: Scene, next: Happening): Promise<void> {
  const { world, records, invocations } = scene;
  switch (next.kind) {
    case 'begin':
      invocations.push(startStepped(world, batchOf(records.slice(0, next.records)), rules, next, scene.travel));
      return;
    case 'step':
      for (let n = 0; n < next.steps; n++) await invocations[next.who % invocations.length]?.step(next.loseReply);
      return;
    case 'pass':
      world.clock.advance(seconds(next.seconds));
      return;
    case 'repair':
      scene.repaired = next.repaired;
      return;
    default:
      return next satisfies never;
  }
}

async function wakeAll({ invocations }: Scene): Promise<void> {
  for (const invocation of invocations.toReversed()) while (!invocation.ended()) await invocation.step();
}

/** Delivers the whole shard until it is settled. A transaction of a sleeping invocation may be open: then that has to wake first. */
async function deliverAll(scene: Scene): Promise<void> {
  const { world, records } = scene;
  for (let turn = 0; turn < 20; turn++) {
    world.clock.advance(seconds(20));
    if (turn === 5) await wakeAll(scene);
    if (turn === 10) scene.repaired = true;
    if ((await world.invoke(batchOf(records), rules)).kind === 'settled') return;
  }
  throw new Error('the shard is blocked');
}

interface Life {
  readonly mode: LoadMode;
  /** How long a request may be on its way. */
  readonly travel: Millis;
}

async function live(
  { mode, travel }: Life,
  kinds: readonly Nature[],
  plan: readonly Happening[],
  sleepersWakeLast: boolean,
): Promise<void> {
  const world = newWorld();
  world.doris.mode = mode;
  const scene: Scene = { world, travel, records: shardOf(kinds), invocations: [], repaired: false };
  world.doris.refuses = (line) => !scene.repaired && line.includes('refused');
  for (const next of plan) await happen(scene, next);
  if (!sleepersWakeLast) await wakeAll(scene);
  await deliverAll(scene);
  await wakeAll(scene);
  expectExactlyOnce(world, kinds);
}

describe('invocations of one shard that overlap', () => {
  it('store every record exactly once, however their steps interleave and whenever one falls asleep', async () => {
    const life: Life = { mode: 'labelled', travel: seconds(3) };
    await fc.assert(
      fc.asyncProperty(natures, happenings, fc.boolean(), (...plan) => live(life, ...plan)),
      { numRuns: 1500 },
    );
  });

  it('do so in two phases even when a request is on its way for longer than any lease', async () => {
    const life: Life = { mode: 'two-phase', travel: seconds(3600) };
    await fc.assert(
      fc.asyncProperty(natures, happenings, fc.boolean(), (...plan) => live(life, ...plan)),
      { numRuns: 1500 },
    );
  });
});
