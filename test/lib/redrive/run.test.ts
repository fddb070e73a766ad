import { describe, expect, it } from 'vitest';
import { parseCondition } from '../../../lib/redrive/where.ts';
import { seconds } from '../../../lib/units.ts';
import { HOLD, type Numbered, type RedriveRunWorld, redriveRunWorld } from '../../support/redrive-run-world.ts';
import { Killed } from '../../support/world.ts';
import { letterOf } from '../dead-letter/letters.ts';

/** The letter of record `n`, whose row is `{"n":n}`. */
function sendLetter({ send }: RedriveRunWorld, n: number): void {
  send({ ...letterOf(`{"n":${n}}`, String(1_000 + n)), target: 'db.t' });
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => from + n);

/** Twelve letters, one of them twice, and a batch that Lambda gave up: three rows, and a payload that is no JSON. Two rounds of ten messages. */
function filled(): RedriveRunWorld {
  const world = redriveRunWorld();
  for (const n of [...numbers(12), 3]) sendLetter(world, n);
  const batch: readonly Numbered[] = [...numbers(3, 20).map((n) => ({ n })), { n: 23, data: 'no JSON' }];
  for (const { n, data } of batch) world.stream.put(n, data);
  world.sendExpired(batch);
  return world;
}

const ALL = [...numbers(12), ...numbers(3, 20)];
/** So that a round takes ten messages. */
const SLOWLY = { rate: 10 };

describe('a run over the queue', () => {
  it('loads each record once, buries what a batch holds of poison, and leaves nothing else behind', async () => {
    const world = filled();

    const report = await world.run(SLOWLY);

    expect(world.stored()).toEqual(ALL);
    expect(report).toMatchObject({ loaded: 14, removed: 14, more: false });
    expect(world.queue.bodies()).toEqual(['no JSON']);
  });

  it('keeps to its rate: ten letters a second', async () => {
    const world = redriveRunWorld();
    for (const n of numbers(30)) sendLetter(world, n);
    const started = world.clock.elapsed();

    await world.run(SLOWLY);

    expect(world.clock.elapsed() - started).toBe(seconds(3));
  });

  it('spends no time on letters that are not asked for', async () => {
    const world = redriveRunWorld();
    for (const n of numbers(30)) sendLetter(world, n);
    const started = world.clock.elapsed();

    await world.run({ ...SLOWLY, where: [parseCondition('position=1001')] });

    expect(world.stored()).toEqual([1]);
    expect(world.clock.elapsed() - started).toBe(seconds(0.1));
  });

  it('leaves what is no letter alone when letters are chosen by conditions', async () => {
    const world = filled();

    expect(await world.run({ where: [parseCondition('position=1001')] })).toMatchObject({
      read: 14,
      passed: 13,
      loaded: 1,
      left: [],
      more: false,
    });

    expect(world.stored()).toEqual([1]);
  });

  it('takes no more letters than its limit, and says that there may be more', async () => {
    const world = redriveRunWorld();
    for (const n of numbers(30)) sendLetter(world, n);

    expect(await world.run({ limit: 20 })).toMatchObject({ read: 20, loaded: 20, more: true });

    expect(world.queue.bodies()).toHaveLength(10);
  });
});

describe('a run that is killed', () => {
  it('loses nothing and loads nothing twice, at whatever call to Doris, ledger or queue it dies', async () => {
    const whole = filled();
    await whole.run(SLOWLY);
    const { calls } = whole;
    expect(calls).toBeGreaterThan(45);

    for (let call = 1; call <= calls; call++) {
      for (const effect of ['before', 'after'] as const) {
        const world = filled();
        await expect(world.run(SLOWLY, { call, effect })).rejects.toThrow(Killed);
        // At once: the letters in its hands are hidden, the others are there.
        await world.run(SLOWLY);
        world.clock.advance(HOLD);
        await world.run(SLOWLY);

        const where = `killed ${effect} call ${call}`;
        expect(world.stored(), where).toEqual(ALL);
        expect(new Set(world.queue.bodies()), where).toEqual(new Set(['no JSON']));
      }
    }
  });
});
