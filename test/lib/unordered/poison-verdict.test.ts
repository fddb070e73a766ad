import { describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { bytes, mebibytes, seconds } from '../../../lib/units.ts';
import { arrayOf, logOf } from '../../support/iggy-log.ts';
import { newQueueWorld, type QueueWorld } from '../../support/queue-world.ts';
import { numbersIn } from '../../support/shard.ts';
import { Killed } from '../../support/world.ts';

const LOG = logOf({ natures: ['good', 'good', 'good'] });
const whole = [{ messageId: 'm-0', body: arrayOf(LOG) }];
const NO_TABLE = { routing: { rules: [], maxRowBytes: bytes(100_000), maxBatchBytes: mebibytes(64) } };

const stored = ({ doris }: QueueWorld) => numbersIn(doris.tables.get('db.t'));
const inLetters = ({ letters }: QueueWorld): readonly number[] =>
  letters.map(({ record }) => JSON.parse(bytesOf(record.payload).toString()).n);

describe('messages that are no rows, and would be by the rules under which they come again', () => {
  it.each([
    ['larger than MAX_ROW_BYTES', { decode: { maxRowBytes: bytes(5) } }, whole],
    ['without a table', { rules: NO_TABLE }, whole],
    ['larger than MAX_ROW_BYTES, and come again a part at a time', { decode: { maxRowBytes: bytes(5) } }, partsOf()],
    ['without a table, and come again a part at a time', { rules: NO_TABLE }, partsOf()],
  ])('are never both dead letters and rows: %s', async (_, before, again) => {
    const counting = newQueueWorld();
    await counting.invoke(whole, before);

    for (let call = 1; call <= counting.calls; call++) {
      for (const effect of ['before', 'after'] as const) {
        const world = newQueueWorld();
        await expect(world.invoke(whole, { ...before, kill: { call, effect } })).rejects.toThrow(Killed);
        world.clock.advance(seconds(20));
        for (const message of again) expect(await world.invoke([message])).toEqual([]);

        const where = `killed ${effect} call ${call}`;
        expect(
          stored(world).filter((n) => inLetters(world).includes(n)),
          where,
        ).toEqual([]);
        expect(new Set([...stored(world), ...inLetters(world)]), where).toEqual(new Set([0, 1, 2]));
      }
    }
  });
});

describe('messages without a table whose letters were not accepted', () => {
  it('are unroutable when they come again, as they were before', async () => {
    const world = newQueueWorld();
    world.failLetters = new DeadLettersUnavailable('the queue is away');
    expect(await world.invoke(whole, { rules: NO_TABLE })).toHaveLength(1);
    world.failLetters = undefined;

    expect(await world.invoke(whole, { rules: NO_TABLE })).toEqual([]);

    expect(world.letters.map(({ fault }) => fault.errorClass)).toEqual(['unroutable', 'unroutable', 'unroutable']);
  });
});

describe('messages that no table takes, whose function died on the way', () => {
  it('are settled when they come again, and send no letter from then on', async () => {
    const counting = newQueueWorld();
    await counting.invoke(whole, { rules: NO_TABLE });

    for (let call = 1; call <= counting.calls; call++) {
      for (const effect of ['before', 'after'] as const) {
        const world = newQueueWorld();
        await expect(world.invoke(whole, { rules: NO_TABLE, kill: { call, effect } })).rejects.toThrow(Killed);
        world.clock.advance(seconds(20));
        await world.invoke(whole, { rules: NO_TABLE });
        const letters = world.letters.length;

        await world.invoke(whole, { rules: NO_TABLE });

        const where = `killed ${effect} call ${call}`;
        expect(world.letters, where).toHaveLength(letters);
        expect(
          [...world.ledger.groups.values()].filter(({ checkpoint }) => checkpoint.claim !== undefined),
          where,
        ).toEqual([]);
      }
    }
  });
});

function partsOf() {
  return [LOG.slice(0, 2), LOG.slice(2)].map((entries, n) => ({ messageId: `p-${n}`, body: arrayOf(entries) }));
}
