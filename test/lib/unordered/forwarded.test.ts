import { describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import { bytes, mebibytes, millis, seconds } from '../../../lib/units.ts';
import { arrayOf, expectEachOnce, type LogEntry, logOf } from '../../support/iggy-log.ts';
import { newQueueWorld, type QueueWorld } from '../../support/queue-world.ts';
import { numbersIn } from '../../support/shard.ts';
import { Killed } from '../../support/world.ts';

const stored = (world: QueueWorld) => numbersIn(world.doris.tables.get('db.t'));
const reasons = (unsettled: Awaited<ReturnType<QueueWorld['invoke']>>) =>
  Object.fromEntries(unsettled.map(({ message, reason }) => [message.messageId, reason]));
const goods = (count: number) => logOf({ natures: Array.from({ length: count }, () => 'good' as const) });
const single = (log: readonly LogEntry[], more: object = {}) =>
  log.map((entry, n) => ({ messageId: `m-${n}`, body: entry.envelope, ...more }));
const FIFO = { group: 'g', queueArn: 'arn:aws:sqs:us-east-1:000000000000:iggy.fifo' };

/** Entries of the nature `refused` go to a table of their own. */
const BY_NATURE = {
  rules: {
    routing: {
      rules: [{ field: 'nature', equals: 'refused', target: { database: 'db', table: 'u' } }],
      defaultTarget: { database: 'db', table: 't' },
      maxRowBytes: bytes(1000),
      maxBatchBytes: mebibytes(64),
    },
  },
  decode: { keepFields: ['nature'] },
};

function otherTableIsAway({ doris }: QueueWorld): void {
  const { load } = doris;
  const away = { kind: 'unavailable', attempts: 1, reason: 'no backend' } as const;
  doris.load = async (wanted, deadline) => (wanted.target.table === 'u' ? away : load(wanted, deadline));
}

describe('messages of a standard queue', () => {
  it('of one row each are one load, in the order of the broker', async () => {
    const world = newQueueWorld();

    expect(await world.invoke(single(goods(20)).toReversed())).toEqual([]);

    expect(world.doris.calls).toHaveLength(1);
    expect(stored(world)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('that share records are settled together', async () => {
    const world = newQueueWorld();
    const log = goods(4);

    expect(
      await world.invoke([log.slice(0, 3), log.slice(1, 4), log].map((entries, n) => ({ messageId: `m-${n}`, body: arrayOf(entries) }))),
    ).toEqual([]);

    expectEachOnce(world, log);
    expect(world.events).toContainEqual(expect.objectContaining({ kind: 'duplicates-absorbed', records: 6 }));
  });

  it('fail one by one: those of another table are settled', async () => {
    const world = newQueueWorld();
    const log = logOf({ natures: ['good', 'refused', 'good'] });
    otherTableIsAway(world);

    const unsettled = await world.invoke(single(log), BY_NATURE);

    expect(reasons(unsettled)).toEqual({ 'm-1': 'unavailable: no backend' });
    expect(stored(world)).toEqual([0, 2]);
  });

  it('with offsets that go back all load, and the log says so', async () => {
    const world = newQueueWorld();
    const log = logOf({ natures: ['good', 'good', 'good', 'good'], purgedBefore: 2 });

    expect(await world.invoke([{ body: arrayOf(log) }])).toEqual([]);

    expect(stored(world)).toEqual([0, 1, 2, 3]);
    expect(world.doris.calls).toHaveLength(2);
    expect(world.events).toContainEqual(expect.objectContaining({ kind: 'offsets-unordered' }));
  });

  it('whose offsets lie far apart are looked up where they are, not everything between them', async () => {
    const world = newQueueWorld();
    const asked: string[][] = [];
    const { find } = world.ledger;
    world.ledger.find = (loader, source, first, last) => {
      asked.push([first, last].map((position) => String(BigInt(position))));
      return find(loader, source, first, last);
    };

    await world.invoke(single(logOf({ natures: ['good', 'good', 'good', 'good'], gapBefore: 2 })));

    expect(asked.slice(0, 2)).toEqual([
      ['0', '1'],
      ['70002', '70003'],
    ]);
  });

  it('that change their table on the way stay where they were loaded', async () => {
    const world = newQueueWorld();
    const messages = single(goods(3));
    await world.invoke(messages);

    const routing = {
      rules: [],
      defaultTarget: { database: 'db', table: 'elsewhere' },
      maxRowBytes: bytes(1000),
      maxBatchBytes: mebibytes(64),
    };
    expect(await world.invoke(messages, { rules: { routing } })).toEqual([]);

    expect(stored(world)).toEqual([0, 1, 2]);
    expect(world.doris.tables.get('db.elsewhere')).toBeUndefined();
  });

  it('that nobody can route are dead letters once, and have a table when they come after it', async () => {
    const world = newQueueWorld();
    const messages = single(goods(2));

    expect(
      await world.invoke(messages, { rules: { routing: { rules: [], maxRowBytes: bytes(1000), maxBatchBytes: mebibytes(64) } } }),
    ).toEqual([]);
    expect(
      await world.invoke(messages, { rules: { routing: { rules: [], maxRowBytes: bytes(1000), maxBatchBytes: mebibytes(64) } } }),
    ).toEqual([]);

    expect(world.letters.map(({ fault }) => fault.errorClass)).toEqual(['unroutable', 'unroutable']);
  });

  it('wait for their dead letters: none is settled without its letter', async () => {
    const world = newQueueWorld();
    world.failLetters = new DeadLettersUnavailable('the queue is away');
    const log = logOf({ natures: ['good', 'broken'] });
    const messages = [...single(log), { messageId: 'm-2', body: 'no shape' }];

    const unsettled = await world.invoke(messages);

    expect(reasons(unsettled)).toEqual({ 'm-1': 'the queue is away', 'm-2': 'the queue is away' });
    world.failLetters = undefined;
    world.clock.advance(seconds(6));
    expect(await world.invoke(messages)).toEqual([]);
    expectEachOnce(world, log);
    expect(world.letters.map(({ fault }) => fault.errorClass).toSorted()).toEqual(['contract', 'decode']);
  });

  it('come again when the ledger is away', async () => {
    const world = newQueueWorld();
    const { find } = world.ledger;
    world.ledger.find = async () => Promise.reject(new LedgerUnavailable('the ledger is away'));

    expect(reasons(await world.invoke(single(goods(1))))).toEqual({ 'm-0': 'the ledger is away' });
    world.ledger.find = find;
    expect(await world.invoke(single(goods(1)))).toEqual([]);
  });

  it('leave nothing in the ledger when there is no time for a load', async () => {
    const world = newQueueWorld();

    expect(reasons(await world.invoke(single(goods(1)), { within: millis(500) }))).toEqual({ 'm-0': 'no time left in this invocation' });

    expect(world.ledger.groups.size).toBe(0);
  });

  it('that cannot be verified any more are dead letters whichever of them come, and hold nothing up', async () => {
    const world = newQueueWorld();
    const messages = single(goods(4));
    const rules = { limits: { maxRows: 2, maxBytes: bytes(10_000) }, onUnverifiable: 'dead-letter' as const };
    world.doris.script.push({ stored: false, outcome: 'unknown' });
    await world.invoke(messages, { rules });
    world.doris.forget();
    world.clock.advance(seconds(24 * 3600));

    for (const message of messages) {
      expect(await world.invoke([message], { rules })).toEqual([]);
      world.clock.advance(seconds(6));
    }

    expect(world.letters.map(({ fault }) => fault.errorClass)).toEqual(['unverifiable', 'unverifiable']);
    expect(stored(world)).toEqual([2, 3]);
  });
});

describe('messages of a FIFO group', () => {
  it('of one row each are one load in the order of the queue', async () => {
    const world = newQueueWorld();

    expect(await world.invoke(single(goods(10), FIFO))).toEqual([]);

    expect(world.doris.calls).toHaveLength(1);
  });

  it('come again from the first one on that is not settled; other groups go on', async () => {
    const world = newQueueWorld();
    const log = goods(4);
    const other = logOf({ natures: ['good', 'good', 'good', 'good', 'good'], partitions: 5 })[4];
    const messages = [...single(log, FIFO), { messageId: 'other', body: other?.envelope ?? '', ...FIFO, group: 'h' }];
    world.doris.script.push({ stored: false, outcome: 'unavailable' });

    const unsettled = await world.invoke(messages, { rules: { limits: { maxRows: 2, maxBytes: bytes(10_000) } } });

    const ids = unsettled.map(({ message }) => message.messageId);
    expect([['m-0', 'm-1', 'm-2', 'm-3'], ['other']]).toContainEqual(ids);
  });

  it('are not overtaken: behind a message that waits none is loaded', async () => {
    const world = newQueueWorld();
    const log = goods(3);
    const messages = single(log, FIFO);
    await expect(world.invoke(messages.slice(0, 1), { kill: { call: 3, effect: 'after' } })).rejects.toThrow(Killed);

    const unsettled = await world.invoke(messages);

    expect(unsettled.map(({ message }) => message.messageId)).toEqual(['m-0', 'm-1', 'm-2']);
    expect(stored(world)).toEqual([]);
  });

  it('do not pass one that goes to another table', async () => {
    const world = newQueueWorld();
    otherTableIsAway(world);
    const messages = single(logOf({ natures: ['good', 'refused', 'good'] }), FIFO);

    const unsettled = await world.invoke(messages, BY_NATURE);

    expect(unsettled.map(({ message }) => message.messageId)).toEqual(['m-1', 'm-2']);
    expect(stored(world)).toEqual([0]);
  });

  it('do not pass one whose offset begins again', async () => {
    const world = newQueueWorld();
    const log = logOf({ natures: ['good', 'good', 'good', 'good', 'good'], purgedBefore: 2 });

    expect(await world.invoke(single(log, FIFO))).toEqual([]);

    expect(log.map(({ offset }) => offset)).toEqual([0, 1, 0, 1, 2]);
    expect(stored(world)).toEqual([0, 1, 2, 3, 4]);
  });

  it('do not pass a record that has no letter yet', async () => {
    const world = newQueueWorld();
    world.failLetters = new DeadLettersUnavailable('the queue is away');

    const unsettled = await world.invoke(single(logOf({ natures: ['good', 'broken', 'good'] }), FIFO));

    expect(unsettled.map(({ message }) => message.messageId)).toEqual(['m-1', 'm-2']);
    expect(stored(world)).toEqual([0]);
  });

  it('stop at a body that has no letter yet, and go on when it has', async () => {
    const world = newQueueWorld();
    const messages = single(goods(3), FIFO).map((message, n) => (n === 1 ? { ...message, body: 'no shape' } : message));
    world.failLetters = new DeadLettersUnavailable('the queue is away');

    const unsettled = await world.invoke(messages);

    expect(unsettled.map(({ message }) => message.messageId)).toEqual(['m-1', 'm-2']);
    expect(stored(world)).toEqual([0]);
    world.failLetters = undefined;
    expect(await world.invoke(messages.slice(1))).toEqual([]);
    expect(stored(world)).toEqual([0, 2]);
  });

  it('wait as long as the first of them does', async () => {
    const world = newQueueWorld();
    world.doris.script.push({ stored: false, outcome: 'unavailable' });
    const messages = single(goods(2), FIFO).map((message, n) => ({ ...message, receives: 5 - n }));

    expect((await world.invoke(messages)).map(({ patience }) => patience)).toEqual([5, 5]);
  });
});
