import { describe, expect, it } from 'vitest';
import { kinesisPosition } from '../../../lib/source/position.ts';
import type { KinesisShard } from '../../../lib/source/record.ts';
import { SHARD_ID, STREAM_ARN } from '../../support/builders.ts';
import { keyText } from '../../support/memory-ledger.ts';
import { HOLD, type Numbered, type RedriveRunWorld, redriveRunWorld } from '../../support/redrive-run-world.ts';
import { Killed } from '../../support/world.ts';

const source: KinesisShard = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID };
const KEY = { loader: 'test', source, target: 'db.t' };
const from = (first: number, last: number): Numbered[] => Array.from({ length: last - first + 1 }, (_, n) => ({ n: first + n }));
const numbers = (first: number, last: number): number[] => from(first, last).map(({ n }) => n);
const through = async ({ checkpoints }: RedriveRunWorld) => (await checkpoints.read(KEY)).through;

/** A new mapping from the beginning of the shard; it cuts other batches than the one before, so that Doris knows none of their labels. */
async function bringAll({ deliver }: RedriveRunWorld): Promise<void> {
  await deliver(from(0, 4));
  await deliver(from(5, 9));
}

/** A stream of ten records, of which the loader settled so many. */
async function settledThrough(last: number): Promise<RedriveRunWorld> {
  const world = redriveRunWorld();
  for (const { n } of from(0, 9)) world.stream.put(n);
  if (last >= 0) await world.deliver(from(0, last));
  return world;
}

describe('a batch that Lambda gave up', () => {
  it.each([
    ['the first of its shard', -1],
    ['behind what is settled', 3],
  ])('is not loaded again by a mapping that begins before it: %s', async (_, last) => {
    const world = await settledThrough(last);
    world.tellExpired(from(last + 1, 9));

    expect(await world.run()).toMatchObject({ loaded: 1, removed: 1 });
    await bringAll(world);

    expect(world.stored()).toEqual(numbers(0, 9));
    expect(await through(world)).toBe(kinesisPosition('1009'));
  });

  it('is loaded once though its records have come again before its redrive, which then cannot tell', async () => {
    const world = await settledThrough(3);
    world.tellExpired(from(4, 9));
    await world.deliver(from(4, 6));

    expect(await world.run()).toMatchObject({ loaded: 0, left: [{ fate: 'unverifiable' }] });
    await world.deliver(from(7, 9));

    expect(world.stored()).toEqual(numbers(0, 9));
  });

  it('is loaded once when its records come again in the middle of its redrive', async () => {
    const world = await settledThrough(3);
    world.tellExpired(from(4, 9));
    const { move } = world.checkpoints;
    let isFirst = true;
    Object.assign(world.checkpoints, {
      move: async (...args: Parameters<typeof move>) => {
        if (isFirst) {
          isFirst = false;
          await world.deliver(from(4, 6));
        }
        return await move(...args);
      },
    });

    expect(await world.run()).toMatchObject({
      loaded: 0,
      left: [{ fate: 'kept', reason: 'the loader has records of it for db.t in hand just now' }],
    });
    await bringAll(world);

    expect(world.stored()).toEqual(numbers(0, 9));
  });

  it('waits for records before it that are not settled, which a mapping may still bring', async () => {
    const world = await settledThrough(3);
    world.tellExpired(from(7, 9));

    expect(await world.run()).toMatchObject({
      loaded: 0,
      left: [{ fate: 'kept', reason: expect.stringContaining('record 1004 before it is not settled') }],
    });
    expect(await through(world)).toBe(kinesisPosition('1003'));
    await world.deliver(from(4, 9));

    expect(world.stored()).toEqual(numbers(0, 9));
  });

  it('is taken in the order of its shard, whatever the order of its queue', async () => {
    const world = await settledThrough(3);
    world.tellExpired(from(7, 9));
    world.tellExpired(from(4, 6));

    expect(await world.run()).toMatchObject({ loaded: 2, left: [] });
    await bringAll(world);

    expect(world.stored()).toEqual(numbers(0, 9));
  });

  it('waits while a load of the loader is in doubt, and the delivery that settles it brings its records, too', async () => {
    const world = await settledThrough(3);
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    await world.deliver(from(4, 9));
    world.tellExpired(from(4, 9));

    expect(await world.run()).toMatchObject({ loaded: 0, left: [{ fate: 'kept', reason: expect.stringContaining('is open') }] });
    world.clock.advance(HOLD);
    await world.deliver(from(4, 9));

    expect(world.stored()).toEqual(numbers(0, 9));
  });

  it('is loaded and moves no watermark when the stream has dropped it: nobody brings it again', async () => {
    const world = await settledThrough(3);
    world.sendExpired(from(4, 6));
    world.stream.trim(7);

    expect(await world.run()).toMatchObject({ loaded: 1, left: [] });

    expect(world.stored()).toEqual(numbers(0, 6));
    expect(await through(world)).toBe(kinesisPosition('1003'));
  });

  it('moves no watermark to a position that its stream does not have', async () => {
    const world = await settledThrough(9);
    world.sendExpired([{ n: 500 }]);

    await world.run();

    expect(await through(world)).toBe(kinesisPosition('1009'));
  });

  it('moves no watermark over records between its ends that it does not hold, as one lane of several would', async () => {
    const world = await settledThrough(3);
    world.sendExpired([{ n: 4 }, { n: 6 }]);

    expect(await world.run()).toMatchObject({ loaded: 0, left: [{ reason: expect.stringContaining('record 1005') }] });

    expect(await through(world)).toBe(kinesisPosition('1003'));
  });

  it('changes nothing in a dry run', async () => {
    const world = await settledThrough(3);
    world.tellExpired(from(4, 9));
    const before = new Map(world.checkpoints.checkpoints);

    expect(await world.run({ dryRun: true })).toMatchObject({ loaded: 1, removed: 0 });

    expect(world.checkpoints.checkpoints).toEqual(before);
    expect(world.stored()).toEqual(numbers(0, 3));
    expect(world.queue.bodies()).toHaveLength(1);
  });

  it('stays when its stream does not answer, or has not all of it any more', async () => {
    const world = await settledThrough(3);
    world.tellExpired(from(4, 9));
    world.stream.fails = new Error('no answer');
    expect(await world.run()).toMatchObject({ left: [{ fate: 'kept', reason: 'the stream cannot be read: Error: no answer' }] });

    world.stream.fails = undefined;
    world.stream.trim(6);
    expect(await world.run()).toMatchObject({ left: [{ fate: 'kept', reason: 'the stream does not have its records any more' }] });
    expect(world.queue.bodies()).toHaveLength(1);
  });

  it('stays without hindering others when what came with it is no event', async () => {
    const world = await settledThrough(3);
    const KinesisBatchInfo = { shardId: SHARD_ID, startSequenceNumber: '1', endSequenceNumber: '2', batchSize: 2, streamArn: STREAM_ARN };
    world.queue.send(JSON.stringify({ requestContext: { condition: 'c' }, KinesisBatchInfo, payload: '{"Records":[{}]}' }));
    world.tellExpired(from(4, 9));

    expect(await world.run()).toMatchObject({ loaded: 1, left: [{ fate: 'kept' }] });

    expect(world.stored()).toEqual(numbers(0, 9));
  });

  it('sends no letters of its poison while other records of it wait', async () => {
    const world = await settledThrough(3);
    world.stream.put(10, 'no JSON');
    world.tellExpired([...from(4, 9), { n: 10 }]);
    world.doris.script.push({ stored: false, outcome: 'unavailable' });

    expect(await world.run()).toMatchObject({ left: [{ fate: 'kept' }] });
    expect(world.queue.bodies()).toHaveLength(1);

    expect(await world.run()).toMatchObject({ loaded: 1 });
    expect(world.queue.bodies()).toEqual(['no JSON']);
  });
});

describe('a redrive of such a batch that is killed', () => {
  it.each(['at once', 'after the next redrive'])(
    'stores each record once, whatever call it dies at, with a mapping that brings them %s',
    async (when) => {
      const whole = await settledThrough(3);
      whole.tellExpired(from(4, 9));
      await whole.run();
      expect(whole.calls).toBeGreaterThan(10);

      for (let call = 1; call <= whole.calls; call++) {
        for (const effect of ['before', 'after'] as const) {
          const world = await settledThrough(3);
          world.tellExpired(from(4, 9));
          await expect(world.run({}, { call, effect })).rejects.toThrow(Killed);
          world.clock.advance(HOLD);
          if (when === 'at once') await bringAll(world);
          await world.run();
          await bringAll(world);

          const where = `killed ${effect} call ${call}`;
          expect(world.stored(), where).toEqual(numbers(0, 9));
          expect(world.checkpoints.checkpoints.get(keyText(KEY))?.through, where).toBe(kinesisPosition('1009'));
        }
      }
    },
  );
});
