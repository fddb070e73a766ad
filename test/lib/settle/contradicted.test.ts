import { beforeEach, describe, expect, it } from 'vitest';
import { StoredOtherwise } from '../../../lib/errors.ts';
import { LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import { arrayOf, logOf } from '../../support/iggy-log.ts';
import type { MemoryDoris } from '../../support/memory-doris.ts';
import { newQueueWorld } from '../../support/queue-world.ts';
import { batchOf, numbersIn, SHARD, shardOf } from '../../support/shard.ts';
import { newWorld, RULES, type World } from '../../support/world.ts';
import { claimOf, eventsOf, from, good, stored } from './settling.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});

const records = shardOf(good(4));
const invoke = (first: number, last: number) => world.invoke(batchOf(records.slice(first, last)), RULES);

/** Doris takes each load, and reports success for something else; from then on it does so no more once `mended`. */
function contradicting(doris: MemoryDoris): { mended: () => void } {
  const { load } = doris;
  doris.load = async (...args) => {
    await load(...args);
    throw new StoredOtherwise('1 of 2 rows are counted as loaded');
  };
  return {
    mended: () => {
      doris.load = load;
    },
  };
}

describe('a load that Doris stored otherwise than it was sent', () => {
  it.each([
    ['as it was', 0, 2],
    ['shorter', 0, 1],
    ['longer', 0, 4],
    ['without its first record', 1, 4],
  ])('fails its invocation, and keeps its records when they come again %s, though its label is visible', async (_, first, last) => {
    const doris = contradicting(world.doris);
    await expect(invoke(0, 2)).rejects.toThrow(StoredOtherwise);
    doris.mended();

    expect(await invoke(first, last)).toEqual(from(first));

    expect(stored(world)).toEqual([0, 1]);
    expect(world.doris.calls).toHaveLength(1);
    expect(world.letters).toEqual([]);
    expect(claimOf(world)?.state).toEqual({ kind: 'contradicted', reason: '1 of 2 rows are counted as loaded' });
    expect(eventsOf(world, 'contradicted')).toMatchObject([{ rows: 2, reason: '1 of 2 rows are counted as loaded' }]);
    expect(eventsOf(world, 'claim-waits')).toMatchObject([{ rows: 2, reason: '1 of 2 rows are counted as loaded' }]);
  });

  it('goes on once a person has found its rows', async () => {
    const doris = contradicting(world.doris);
    await expect(invoke(0, 2)).rejects.toThrow(StoredOtherwise);
    doris.mended();
    const claim = claimOf(world);
    if (claim === undefined) throw new Error('no claim');
    const key = { loader: 'test', source: SHARD, target: 'db.t' };
    await world.ledger.move(key, { expect: { kind: 'holding', label: claim.label }, claim: { ...claim, state: { kind: 'loaded' } } });

    expect(await invoke(0, 4)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1, 2, 3]);
  });

  it('goes on by itself once all of its rows are found by their position columns', async () => {
    const rules = { ...RULES, positionColumns: { source: '_s', shard: '_h', position: '_p' } };
    const invokeWith = (first: number, last: number) => world.invoke(batchOf(records.slice(first, last)), rules);
    const doris = contradicting(world.doris);
    await expect(invokeWith(0, 2)).rejects.toThrow(StoredOtherwise);
    doris.mended();

    world.doris.countRows = async () => ({ kind: 'told', value: 0 });
    expect(await invokeWith(0, 4)).toEqual(from(0));
    world.doris.countRows = async () => ({ kind: 'told', value: 1 });
    expect(await invokeWith(0, 4)).toEqual(from(0));
    world.doris.countRows = async () => ({ kind: 'told', value: 2 });
    expect(await invokeWith(0, 4)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1, 2, 3]);
  });

  it('fails its invocation also when the ledger does not take the note', async () => {
    contradicting(world.doris);
    const { move } = world.ledger;
    world.ledger.move = async (key, wanted) => {
      if (wanted.claim?.state.kind === 'contradicted') throw new LedgerUnavailable('throttled');
      return move(key, wanted);
    };

    await expect(invoke(0, 2)).rejects.toThrow(StoredOtherwise);
  });

  it('holds up the messages of a queue that brought it, and no others', async () => {
    const queue = newQueueWorld();
    const log = logOf({ natures: ['good', 'good', 'good', 'good'] });
    const [first, second] = [log.slice(0, 2), log.slice(2)].map((entries, n) => ({ messageId: `m-${n}`, body: arrayOf(entries) }));
    if (first === undefined || second === undefined) throw new Error('two messages');
    const doris = contradicting(queue.doris);
    await expect(queue.invoke([first])).rejects.toThrow(StoredOtherwise);
    doris.mended();

    const unsettled = await queue.invoke([first, second]);

    expect(unsettled.map(({ message, reason }) => [message.messageId, reason])).toEqual([
      ['m-0', 'contradicted: 1 of 2 rows are counted as loaded'],
    ]);
    expect(numbersIn(queue.doris.tables.get('db.t'))).toEqual([0, 1, 2, 3]);
  });
});
