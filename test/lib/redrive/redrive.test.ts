import { describe, expect, it } from 'vitest';
import { StoredOtherwise } from '../../../lib/errors.ts';
import { LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import type { Span } from '../../../lib/ports.ts';
import type { Fate, RedriveRules } from '../../../lib/redrive/letters.ts';
import { hours, seconds } from '../../../lib/units.ts';
import { letterOf, lettersOf, type RedriveWorld, redriveWorld } from '../../support/redrive-world.ts';
import { Killed } from '../../support/world.ts';

const LOADED = { kind: 'loaded', before: false };
const LOADED_BEFORE = { kind: 'loaded', before: true };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const isBad =
  (...bad: number[]) =>
  (line: string) =>
    bad.includes(JSON.parse(line).n);

describe('redriveRecords', () => {
  it('loads the letters of one shard and table together, in order of their positions', async () => {
    const world = redriveWorld();

    expect(await world.redrive(lettersOf([3, 1, 2]))).toEqual([LOADED, LOADED, LOADED]);

    expect(world.doris.tables.get('db.t')).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(world.doris.calls).toHaveLength(1);
  });

  it('loads a record once, however many letters it has', async () => {
    const world = redriveWorld();

    expect(await world.redrive(lettersOf([1, 1, 2, 1]))).toEqual([LOADED, LOADED, LOADED, LOADED]);

    expect(world.stored()).toEqual([1, 2]);
  });

  it('loads nothing twice a week later, when Doris has forgotten every label', async () => {
    const world = redriveWorld();
    await world.redrive(lettersOf([1, 2, 3]));
    world.doris.forget();
    world.clock.advance(hours(7 * 24));

    expect(await world.redrive(lettersOf([2, 4]))).toEqual([LOADED_BEFORE, LOADED]);

    expect(world.stored()).toEqual([1, 2, 3, 4]);
  });

  it('bears witness for later loads with the last load that the ledger has as stored', async () => {
    const world = redriveWorld();

    await world.redrive(lettersOf([1, 2]));
    expect(world.doris.witness('db')).toBe(world.doris.calls[0]?.label);

    await world.redrive(lettersOf([3]));
    expect(world.doris.witness('db')).toBe(world.doris.calls[1]?.label);
  });

  it('bears no witness with a load that somebody else took for void, and says that its rows may be stored twice', async () => {
    const world = redriveWorld();
    const { open } = world.ledger;
    const { load } = world.doris;
    let takeForVoid = async (): Promise<unknown> => undefined;
    Object.assign(world.ledger, {
      open: async (...[key, opened]: Parameters<typeof open>) => {
        takeForVoid = () => world.ledger.write(key, { ...opened, state: 'void', fence: 1 });
        await open(key, opened);
      },
    });
    world.doris.load = async (...args) => {
      await takeForVoid();
      return load(...args);
    };

    await world.redrive(lettersOf([1, 2]));

    expect(world.events.filter(({ kind }) => kind === 'claim-lost')).toMatchObject([{ rows: 2, first: '1001', last: '1002' }]);
    expect(world.doris.witness('db')).toBeUndefined();
  });

  it('keeps the same record of two tables apart', async () => {
    const world = redriveWorld();

    await world.redrive([letterOf(1), letterOf(1, { target: { database: 'db', table: 'u' } })]);

    expect(world.stored()).toEqual([1]);
    expect(world.doris.tables.get('db.u')).toEqual(['{"n":1}']);
  });

  it('finds the records that Doris still refuses, loads the others, and loads the refused once they fit', async () => {
    const world = redriveWorld();
    world.doris.refuses = isBad(3, 17);
    const letters = lettersOf(numbers(20));

    const fates = await world.redrive(letters);

    expect(fates.map(({ kind }, n) => (kind === 'refused' ? n : -1)).filter((n) => n >= 0)).toEqual([3, 17]);
    expect(fates[3]).toEqual({ kind: 'refused', reason: 'column(n) is bad' });
    world.doris.refuses = () => false;
    expect(await world.redrive([...letters.slice(3, 4), ...letters.slice(16, 18)])).toEqual([LOADED, LOADED_BEFORE, LOADED]);
    expect(world.stored()).toEqual(numbers(20));
  });

  it('stops when most are refused, as a schema mistake that nobody has mended yet', async () => {
    const world = redriveWorld();
    world.doris.refuses = () => true;

    const fates = await world.redrive(lettersOf(numbers(20)));

    expect(new Set(fates.map(({ kind }) => kind))).toEqual(new Set(['kept']));
    expect(world.doris.calls).toHaveLength(1);
  });

  it('keeps what a table in trouble did not take, and loads it the next time', async () => {
    const world = redriveWorld();
    world.doris.script.push({ stored: false, outcome: 'unavailable' });

    expect(await world.redrive(lettersOf([1, 2]))).toEqual([
      { kind: 'kept', reason: 'unavailable: scripted' },
      { kind: 'kept', reason: 'unavailable: scripted' },
    ]);
    expect(await world.redrive(lettersOf([1, 2]))).toEqual([LOADED, LOADED]);
    expect(world.stored()).toEqual([1, 2]);
  });

  it.each([true, false])('resolves a load in doubt by its label before its records are loaded again (stored: %s)', async (stored) => {
    const world = redriveWorld();
    world.doris.script.push({ stored, outcome: 'unknown' });
    await world.redrive(lettersOf([1, 2]));
    world.clock.advance(seconds(6));

    expect(await world.redrive(lettersOf([2, 3]))).toEqual([stored ? LOADED_BEFORE : LOADED, LOADED]);
    await world.redrive(lettersOf([1]));

    expect(world.stored()).toEqual([1, 2, 3]);
  });
});

/** A load whose reply was lost, and whose label Doris has forgotten since. */
async function doubtful(stored: boolean, rules: Partial<RedriveRules> = {}): Promise<RedriveWorld> {
  const world = redriveWorld();
  world.doris.script.push({ stored, outcome: 'unknown' });
  await world.redrive(lettersOf([1]), { rules });
  world.doris.forget();
  world.clock.advance(hours(13));
  return world;
}

const MAPPED = { positionColumns: { source: '_source', shard: '_shard', position: '_position' } };
const COLUMNS = '_source,_shard,_position';
const kindsOf = (fates: readonly Fate[]) => fates.map(({ kind }) => kind);

/** Answers as a table in which these records have their position columns. */
const rowsOf =
  (...found: readonly number[]) =>
  ({ position: { first, last } }: Span) => {
    const positions = found.map((n) => String(letterOf(n).row.record.position));
    return { kind: 'told', value: positions.filter((position) => first <= position && position <= last).length } as const;
  };

describe('a record that may be in the table already', () => {
  it('is left alone when neither label nor table can tell', async () => {
    const world = await doubtful(true);

    expect(kindsOf(await world.redrive(lettersOf([1])))).toEqual(['unverifiable']);

    expect(world.stored()).toEqual([1]);
  });

  it('is loaded when the operator asks for it', async () => {
    const world = await doubtful(false);

    expect(await world.redrive(lettersOf([1]), { rules: { reloadUnverifiable: true } })).toEqual([LOADED]);
    expect(await world.redrive(lettersOf([1]), { rules: { reloadUnverifiable: true } })).toEqual([LOADED_BEFORE]);
  });

  it('is loaded when a UNIQUE KEY makes that harmless', async () => {
    const world = await doubtful(false);
    world.doris.model = { kind: 'told', value: 'unique' };

    expect(await world.redrive(lettersOf([1]))).toEqual([LOADED]);
  });

  it.each([true, false])('is looked up by the position columns that its load had (stored: %s)', async (stored) => {
    const world = await doubtful(stored, MAPPED);
    world.doris.counted = stored ? rowsOf(0, 1) : rowsOf(0);

    expect(await world.redrive(lettersOf([1]), { rules: MAPPED })).toEqual([stored ? LOADED_BEFORE : LOADED]);

    expect(world.stored()).toEqual([1]);
  });

  it('is left alone when only later rows of its shard have position columns', async () => {
    const world = await doubtful(true, MAPPED);
    world.doris.counted = rowsOf(2);

    expect(kindsOf(await world.redrive(lettersOf([1]), { rules: MAPPED }))).toEqual(['unverifiable']);
    expect(world.stored()).toEqual([1]);
  });

  it.each([
    ['a load of a redrive', () => doubtful(true), {}],
    ['the load of its letter', async () => redriveWorld(), { doubt: {} }],
    ['the load of its letter, which had others', async () => redriveWorld(), { doubt: { columns: '_source,_shard,_place' } }],
  ])('is left alone when position columns were mapped after %s, whatever rows are found by them', async (_, worldOf, more) => {
    const world = await worldOf();
    const before = world.stored();
    world.doris.counted = rowsOf(0, 2);

    expect(kindsOf(await world.redrive([letterOf(1, more)], { rules: MAPPED }))).toEqual(['unverifiable']);

    expect(world.stored()).toEqual(before);
  });

  it('is loaded when the load of its letter had the position columns, earlier rows are found by them, and its own is not', async () => {
    const world = redriveWorld();
    world.doris.counted = rowsOf(0);

    expect(await world.redrive([letterOf(1, { doubt: { columns: COLUMNS } })], { rules: MAPPED })).toEqual([LOADED]);
  });

  it('is found by position columns that were mapped after the load of its letter, when a redrive stored it since', async () => {
    const world = redriveWorld();
    world.doris.counted = rowsOf(1);

    expect(await world.redrive([letterOf(1, { doubt: {} })], { rules: MAPPED })).toEqual([LOADED_BEFORE]);
  });

  it('is left alone when the only earlier rows with position columns are of redrives: the table may have them since', async () => {
    const world = await doubtful(true, MAPPED);
    await world.redrive([letterOf(0)], { rules: MAPPED });
    world.doris.counted = rowsOf(0);

    expect(kindsOf(await world.redrive(lettersOf([1]), { rules: MAPPED }))).toEqual(['unverifiable']);
    expect(world.stored()).toEqual([0, 1]);
  });

  it('is loaded when rows before those of redrives have position columns, and its own is not found', async () => {
    const world = await doubtful(false, MAPPED);
    await world.redrive([letterOf(0)], { rules: MAPPED });
    world.doris.counted = rowsOf(-3, 0);

    expect(await world.redrive(lettersOf([1]), { rules: MAPPED })).toEqual([LOADED]);
    expect(world.stored()).toEqual([0, 1]);
  });

  it('is left alone when no row of its shard has position columns', async () => {
    const world = await doubtful(true, MAPPED);
    world.doris.counted = rowsOf();

    expect(kindsOf(await world.redrive(lettersOf([1]), { rules: MAPPED }))).toEqual(['unverifiable']);
  });

  it('is treated so from the beginning when its letter says so', async () => {
    const world = redriveWorld();

    expect((await world.redrive([letterOf(1, { doubt: {} })])).map(({ kind }) => kind)).toEqual(['unverifiable']);
    expect(await world.redrive([letterOf(1, { doubt: {} })], { rules: { reloadUnverifiable: true } })).toEqual([LOADED]);
    expect(await world.redrive([letterOf(1, { doubt: {} })])).toEqual([LOADED_BEFORE]);
  });
});

describe('a load that Doris stored otherwise than it was sent', () => {
  const REASON = '1 of 2 rows are counted as loaded';

  /** Doris took a load of the first two letters, and reported success for something else. */
  async function contradicted(): Promise<RedriveWorld> {
    const world = redriveWorld();
    const { load } = world.doris;
    world.doris.load = async (...args) => {
      await load(...args);
      throw new StoredOtherwise(REASON);
    };
    await expect(world.redrive(lettersOf([1, 2]))).rejects.toThrow(StoredOtherwise);
    world.doris.load = load;
    world.clock.advance(seconds(16));
    return world;
  }

  it('fails its run, and keeps its letters for a person in every later one, though its label is visible', async () => {
    const world = await contradicted();

    const fates = await world.redrive(lettersOf([1, 2, 3]));

    const waits = { kind: 'kept', reason: `contradicted: look which of its rows the table has: ${REASON}` };
    expect(fates).toEqual([waits, waits, LOADED]);
    expect(await world.redrive(lettersOf([2]), { rules: { reloadUnverifiable: true } })).toEqual([waits]);
    expect(world.stored()).toEqual([1, 2, 3]);
    expect(world.events.filter(({ kind }) => kind === 'contradicted')).toMatchObject([{ rows: 2, reason: REASON }]);
  });

  it('fails its run also when the ledger does not take the note', async () => {
    const world = redriveWorld();
    world.doris.load = async () => {
      throw new StoredOtherwise(REASON);
    };
    world.ledger.write = async () => {
      throw new LedgerUnavailable('throttled');
    };

    await expect(world.redrive(lettersOf([1]))).rejects.toThrow(StoredOtherwise);
  });
});

describe('a redrive that is killed', () => {
  const letters = lettersOf(numbers(9));

  /** Calls of a redrive that nobody kills, with two bad records. */
  async function callsOf(): Promise<number> {
    const world = redriveWorld();
    world.doris.refuses = isBad(2, 7);
    await world.redrive(letters);
    return world.calls;
  }

  it('loads nothing twice and loses nothing, at whatever call it dies and however the next one cuts', async () => {
    const calls = await callsOf();
    expect(calls).toBeGreaterThan(40);
    for (let call = 1; call <= calls; call++) {
      for (const effect of ['before', 'after'] as const) {
        const world = redriveWorld();
        world.doris.refuses = isBad(2, 7);
        await expect(world.redrive(letters, { kill: { call, effect } })).rejects.toThrow(Killed);
        // At once, with some of the letters: what is in doubt waits.
        await world.redrive(letters.slice(4));
        world.clock.advance(seconds(16));
        await world.redrive(letters.slice(2, 6));
        world.doris.refuses = () => false;
        world.clock.advance(seconds(16));
        const fates = await world.redrive(letters);
        expect(new Set(fates.map(({ kind }) => kind)), `killed ${effect} call ${call}`).toEqual(new Set(['loaded']));
        expect(world.stored(), `killed ${effect} call ${call}`).toEqual(numbers(9));
      }
    }
  });
});

describe('several redrives at once', () => {
  it('load nothing twice, in whatever order their steps come', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const world = redriveWorld(seed);
      world.doris.refuses = isBad(seed % 12);
      await Promise.all([
        world.redriveSlowly(lettersOf(numbers(8))),
        world.redriveSlowly(lettersOf(numbers(12).slice(4))),
        world.redriveSlowly(lettersOf([0, 4, 8, 11])),
      ]);
      expect(world.stored().length, `seed ${seed}`).toBe(new Set(world.stored()).size);
      world.doris.refuses = () => false;
      world.clock.advance(seconds(16));
      await world.redrive(lettersOf(numbers(12)));
      expect(world.stored(), `seed ${seed}`).toEqual(numbers(12));
    }
  });
});
