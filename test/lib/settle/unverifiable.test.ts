import { beforeEach, describe, expect, it } from 'vitest';
import type { LoadRules } from '../../../lib/pipeline.ts';
import type { Span } from '../../../lib/ports.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import type { LoaderEvent } from '../../../lib/telemetry.ts';
import { hours, type Millis, seconds } from '../../../lib/units.ts';
import { batchOf, numbersIn, SHARD, shardOf } from '../../support/shard.ts';
import { Killed, newWorld, RULES, type World } from '../../support/world.ts';
import { CHECKPOINT, good } from './settling.ts';

const SETTLED = { kind: 'settled' };
const rules = (changed: Partial<LoadRules> = {}): LoadRules => ({ ...RULES, onUnverifiable: 'dead-letter', ...changed });

let world: World;
const stored = (): number[] => numbersIn(world.doris.tables.get('db.t'));
const lettersOf = (errorClass: string): string[] =>
  world.letters.filter(({ fault }) => fault.errorClass === errorClass).map(({ record }) => record.itemIdentifier);
const memories = (): LoaderEvent[] => world.events.filter(({ kind }) => kind === 'label-unknown');
const resolutions = (): LoaderEvent[] => world.events.filter(({ kind }) => kind === 'claim-resolved');

/** Records 2 and 3 are claimed, and the function dies before or after Doris stored them; records 0 and 1 were loaded before when there is a witness. */
async function leaveInDoubt(effect: 'before' | 'after', witness: boolean, later: Millis, changed?: Partial<LoadRules>): Promise<void> {
  if (witness) await world.invoke(batchOf(shardOf(good(2))), rules(changed));
  const batch = batchOf(shardOf(good(4)).slice(2));
  await expect(world.invoke(batch, rules(changed), { call: 2, effect })).rejects.toThrow(Killed);
  world.clock.advance(later);
}

const bringAgain = (changed?: Partial<LoadRules>) => world.invoke(batchOf(shardOf(good(4)).slice(2)), rules(changed));

beforeEach(() => {
  world = newWorld();
});

describe('a claim whose label Doris does not know', () => {
  it('is loaded again without further questions while labels are surely remembered', async () => {
    await leaveInDoubt('before', false, seconds(100));

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([2, 3]);
    expect(world.doris.transactions).toBe(1);
    expect(memories()).toMatchObject([{ label: world.doris.calls[0]?.label, by: 'age', memory: 'certain' }]);
  });

  it('is loaded again as long as the label of an earlier load is known', async () => {
    await leaveInDoubt('before', true, hours(12));
    world.doris.transactions = 1_000_000;

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(memories()).toMatchObject([{ by: 'witness', memory: 'certain' }]);
  });

  it('is loaded again without such a label when too few transactions ever began to push one out', async () => {
    await leaveInDoubt('before', false, seconds(101));
    world.doris.transactions = 998;

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([2, 3]);
    expect(memories()).toMatchObject([{ by: 'transactions', memory: 'certain' }]);
  });

  it.each<[string, () => void]>([
    ['the label of the earlier load is forgotten as well', () => world.doris.forget()],
    ['it is older than Doris keeps labels', () => world.clock.advance(hours(12))],
  ])('is not loaded again when %s', async (_, happens) => {
    await leaveInDoubt('after', true, seconds(101));
    world.doris.forget(world.doris.calls.at(-1)?.label);
    happens();

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
    expect(world.letters[0]?.label).toBe(world.doris.calls.at(-1)?.label);
    expect(resolutions()).toMatchObject([{ consequence: 'dead-lettered', because: 'ON_UNVERIFIABLE is dead-letter', rows: 2 }]);
  });

  it('leaves letters that keep the position columns which its rows carry', async () => {
    const positionColumns = { source: '_source', shard: '_shard', position: '_position' };
    await leaveInDoubt('after', true, seconds(101), { positionColumns });
    world.doris.forget();
    world.clock.advance(hours(12));

    // Without the columns, as after a change of settings.
    expect(await bringAgain()).toEqual(SETTLED);

    expect(world.letters.map(({ columns }) => columns)).toEqual(Array(2).fill('_source,_shard,_position'));
  });

  it('is not loaded again without such a label when enough transactions began to push one out', async () => {
    await leaveInDoubt('after', false, seconds(101));
    world.doris.forget();
    world.doris.transactions = 999;

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([2, 3]);
    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
    expect(memories()).toMatchObject([{ by: 'transactions', memory: 'doubtful' }]);
  });

  it('is loaded again after an outage of any length whose deliveries each find the label of the one before young', async () => {
    await leaveInDoubt('before', false, seconds(90));
    world.doris.transactions = 1_000_000;
    for (let delivery = 0; delivery < 10; delivery += 1) {
      world.doris.script.push({ stored: false, outcome: 'unknown' });
      expect(await bringAgain()).toEqual({ kind: 'unsettled', from: '1002' });
      world.clock.advance(seconds(90));
    }

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([2, 3]);
    expect(world.letters).toEqual([]);
  });

  it('is not loaded again when an attempt since Doris was asked last may have been stored and forgotten', async () => {
    await leaveInDoubt('before', false, seconds(90));
    world.doris.transactions = 1_000_000;
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    expect(await bringAgain()).toEqual({ kind: 'unsettled', from: '1002' });
    world.doris.forget();
    world.clock.advance(seconds(101));

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([2, 3]);
    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
  });

  it('waits while Doris does not say what would tell', async () => {
    await leaveInDoubt('after', true, seconds(101));
    const state = world.doris.labelState;
    const ofClaim = world.doris.calls.at(-1)?.label;
    world.doris.labelState = async (_, label) =>
      label === ofClaim ? { kind: 'unknown' } : { kind: 'unreachable', reason: 'no answer in time' };

    expect(await bringAgain()).toEqual({ kind: 'unsettled', from: '1002' });

    expect(world.letters).toEqual([]);
    expect(memories()).toMatchObject([{ by: 'witness', memory: 'untold' }]);
    world.doris.labelState = state;
    expect(await bringAgain()).toEqual(SETTLED);
    expect(stored()).toEqual([0, 1, 2, 3]);
  });
});

describe('a claim of which the label cannot tell any more whether it is stored', () => {
  const forgotten = async (effect: 'before' | 'after', changed?: Partial<LoadRules>): Promise<void> => {
    await leaveInDoubt(effect, true, seconds(101), changed);
    world.doris.forget();
  };

  it('is loaded again into a table with a UNIQUE KEY', async () => {
    await forgotten('before');
    world.doris.model = { kind: 'told', value: 'unique' };

    expect(await bringAgain()).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(resolutions()).toMatchObject([{ consequence: 'reloaded', because: 'the table has a UNIQUE KEY' }]);
  });

  const mapped = { positionColumns: { source: '_source', shard: '_shard', position: '_position' } };
  const spanOf = (first: string, last: string, atMost?: number): Span => ({
    source: { column: '_source', value: SHARD.stream },
    shard: { column: '_shard', value: SHARD.shard },
    position: { column: '_position', first, last },
    ...(atMost === undefined ? {} : { atMost }),
  });
  const justBefore = (position: string): string => position.replace(/\d$/, (digit) => `${Number(digit) - 1}~`);
  const [second, third] = [kinesisPosition('1002'), kinesisPosition('1003')];

  /** Counts what is stored, as SQL would. */
  function countByPosition(): Span[] {
    const asked: Span[] = [];
    world.doris.counted = (span) => {
      asked.push(span);
      const { first, last } = span.position;
      const positions = stored().map((n) => kinesisPosition(String(1000 + n)));
      return { kind: 'told', value: positions.filter((at) => at >= first && at <= last).length };
    };
    return asked;
  }

  it('is found loaded when its rows are counted by position', async () => {
    await forgotten('after', mapped);
    const asked = countByPosition();

    expect(await bringAgain(mapped)).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(asked).toEqual([spanOf(second, third)]);
    expect(resolutions()).toMatchObject([{ consequence: 'loaded', because: 'its rows were counted' }]);
  });

  it('is loaded again when none of its rows is counted, but earlier ones of its shard are', async () => {
    await forgotten('before', mapped);
    const asked = countByPosition();

    expect(await bringAgain(mapped)).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(asked).toEqual([spanOf(second, third), spanOf('', justBefore(second), 1)]);
    expect(resolutions()).toMatchObject([{ consequence: 'dropped', because: 'none of its rows was counted' }]);
  });

  it('is not loaded again when no row of its shard is counted: the columns may be new', async () => {
    await forgotten('after', mapped);
    world.doris.counted = () => ({ kind: 'told', value: 0 });

    expect(await bringAgain(mapped)).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
  });

  it('is not loaded again when the only earlier rows that are counted may be of redrives: the columns may be new', async () => {
    await forgotten('after', mapped);
    world.ledger.redriven.set(CHECKPOINT, kinesisPosition('1000'));
    world.doris.counted = ({ position: { first, last } }) => {
      const row = kinesisPosition('1000');
      return { kind: 'told', value: first <= row && row <= last ? 1 : 0 };
    };

    expect(await bringAgain(mapped)).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
  });

  it('is loaded again when rows before the first redriven one are counted, and none of its own', async () => {
    await forgotten('before', mapped);
    world.ledger.redriven.set(CHECKPOINT, kinesisPosition('1001'));
    countByPosition();

    expect(await bringAgain(mapped)).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
  });

  it('is not counted by columns that its rows do not carry', async () => {
    await forgotten('after');
    const asked = countByPosition();

    expect(await bringAgain(mapped)).toEqual(SETTLED);

    expect(asked).toEqual([]);
    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
  });

  it.each<[string, Partial<World['doris']>, Partial<LoadRules>, string]>([
    [
      'its rows cannot be counted now',
      { counted: () => ({ kind: 'unreachable', reason: 'HTTP 503' }) },
      { positionColumns: { source: 's', shard: 'h', position: 'p' } },
      'HTTP 503',
    ],
    ['the table does not answer now', { model: { kind: 'unreachable', reason: 'HTTP 503' } }, {}, 'HTTP 503'],
    ['the operator wants to look first', {}, { onUnverifiable: 'wait' }, 'ON_UNVERIFIABLE is wait'],
    [
      'no load can be begun for its table',
      { newestTransaction: async () => ({ kind: 'unreachable', reason: 'unknown table' }) },
      {},
      'unknown table',
    ],
  ])('waits when %s, and says so', async (_, doris, changed, reason) => {
    await forgotten('after', changed);
    Object.assign(world.doris, doris);

    expect(await bringAgain(changed)).toEqual({ kind: 'unsettled', from: '1002' });

    expect(world.letters).toEqual([]);
    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(world.ledger.checkpoints.get(CHECKPOINT)?.claim?.rows).toBe(2);
    const waits = world.events.filter(({ kind }) => kind === 'claim-waits');
    expect(waits).toMatchObject([{ target: 'db.t', first: '1002', last: '1003', rows: 2, reason }]);
  });

  it("is in nobody's hands while it waits: what a person says of it is heard between any two deliveries", async () => {
    await forgotten('after');
    const until = world.ledger.checkpoints.get(CHECKPOINT)?.claim?.deadline;

    for (let n = 0; n < 3; n++) {
      await bringAgain({ onUnverifiable: 'wait' });
      expect(world.ledger.checkpoints.get(CHECKPOINT)?.claim?.deadline).toBe(until);
    }

    expect(world.events.filter(({ kind }) => kind === 'claim-waits')).toHaveLength(3);
    expect(world.events.filter(({ kind }) => kind === 'claim-in-doubt')).toHaveLength(3);
  });

  it.each([0.5, 1, 4.9])('is decided although it comes again every %s s', async (every) => {
    await forgotten('after');
    let last: unknown;
    for (let n = 0; n < 100 && last !== 'settled'; n++) {
      world.clock.advance(seconds(every));
      last = (await bringAgain(n < 3 ? { onUnverifiable: 'wait' } : undefined)).kind;
    }

    expect(last).toBe('settled');
    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
  });

  it('finds no witness in a load that is visible and not settled', async () => {
    await world.invoke(batchOf(shardOf(good(2))), rules(), { call: 3, effect: 'before' }).catch(() => undefined);

    expect(stored()).toEqual([0, 1]);
    expect(world.doris.witness('db')).toBeUndefined();
  });

  it('is loaded again when the operator prefers doubles to dead letters', async () => {
    await forgotten('before');

    expect(await bringAgain({ onUnverifiable: 'reload' })).toEqual(SETTLED);

    expect(stored()).toEqual([0, 1, 2, 3]);
    expect(resolutions()).toMatchObject([{ consequence: 'reloaded', because: 'ON_UNVERIFIABLE is reload' }]);
  });

  it('has all of its rows among the dead letters though it comes in parts', async () => {
    await forgotten('after');
    const records = shardOf(good(5)).slice(2);

    expect(await world.invoke(batchOf(records.slice(0, 1)), rules())).toEqual(SETTLED);
    expect(await world.invoke(batchOf(records), rules())).toEqual(SETTLED);

    expect(new Set(lettersOf('unverifiable'))).toEqual(new Set(['1002', '1003']));
    expect(stored()).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps its fate when the function dies before the letters are sent', async () => {
    await forgotten('after');
    await expect(world.invoke(batchOf(shardOf(good(4)).slice(2)), rules(), { call: 8, effect: 'before' })).rejects.toThrow(Killed);
    world.doris.model = { kind: 'told', value: 'unique' };

    expect(await bringAgain()).toEqual(SETTLED);

    expect(lettersOf('unverifiable')).toEqual(['1002', '1003']);
    expect(stored()).toEqual([0, 1, 2, 3]);
  });
});
