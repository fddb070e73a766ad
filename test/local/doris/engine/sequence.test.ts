import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../../../local/doris/engine/open.ts';
import { createTable, DATABASE, engineWith, LINES, load, rowsOf, TABLE } from './support.ts';

const COLUMNS = 'id INT NULL, v INT NULL, at DATETIME(3) NULL, name VARCHAR(9) NULL';
const BY_V = { ...LINES, 'function_column.sequence_col': 'V' };
const BY_AT = { ...LINES, 'function_column.sequence_col': 'at' };

function uniqueTable(property: string): string {
  return createTable(COLUMNS, 'UNIQUE KEY(id)').replace('"replication_num"', `${property}, "replication_num"`);
}

const HIDDEN = '"function_column.sequence_type" = "bigint"';

describe('a UNIQUE KEY table with a hidden sequence', () => {
  it('keeps the row with the highest value of the column that the load names, the later one of equals', async () => {
    const engine = await engineWith(uniqueTable(HIDDEN));

    await load(engine, ['{"id":1,"v":7,"name":"high"}', '{"id":1,"v":6,"name":"low"}', '{"id":2,"v":1,"name":"first"}'], BY_V);
    await load(engine, ['{"id":1,"v":6,"name":"late"}', '{"id":2,"v":1,"name":"equal"}', '{"id":3,"name":"null"}'], BY_V);
    await load(engine, ['{"id":1,"v":8,"name":"higher"}', '{"id":3,"v":-5,"name":"any"}'], BY_V);
    await load(engine, ['{"id":1,"v":7,"name":"high"}', '{"id":3,"name":"null"}'], BY_V);

    expect(await rowsOf(engine, 'SELECT id, name FROM t ORDER BY id')).toEqual([
      ['1', 'higher'],
      ['2', 'equal'],
      ['3', 'any'],
    ]);
  });

  it('shows no column of it', async () => {
    const engine = await engineWith(uniqueTable(HIDDEN));
    await load(engine, '{"id":1,"v":7}', BY_V);

    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([['1', '7', null, null]]);
    expect(engine.table(TABLE)?.columns.map(({ name }) => name)).toEqual(['id', 'v', 'at', 'name']);
  });

  it('goes by the sequence of a NULL key as of any other', async () => {
    const engine = await engineWith(uniqueTable(HIDDEN));

    await load(engine, '{"v":2,"name":"new"}', BY_V);
    await load(engine, '{"v":1,"name":"old"}', BY_V);

    expect(await rowsOf(engine, 'SELECT id, name FROM t')).toEqual([[null, 'new']]);
  });

  it('forgets the sequence of a row that is deleted', async () => {
    const engine = await engineWith(uniqueTable(HIDDEN));
    await load(engine, '{"id":1,"v":9}', BY_V);

    await engine.query('DELETE FROM t WHERE id = 1', DATABASE);
    await load(engine, '{"id":1,"v":1}', BY_V);

    expect(await rowsOf(engine, 'SELECT v FROM t')).toEqual([['1']]);
  });

  it('of type DATETIME goes by whole seconds, as its property has no scale', async () => {
    const engine = await engineWith(uniqueTable('"function_column.sequence_type" = "DATETIME"'));

    await load(engine, '{"id":1,"at":"2026-01-01 00:00:10.400","name":"first"}', BY_AT);
    await load(engine, '{"id":1,"at":"2026-01-01 00:00:10.300","name":"same"}', BY_AT);
    await load(engine, '{"id":1,"at":"2026-01-01 00:00:09.300","name":"older"}', BY_AT);

    expect(await rowsOf(engine, 'SELECT name FROM t')).toEqual([['same']]);
  });

  it('has its sequences again after a restart, and none after it is dropped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'doris-engine-'));
    try {
      const file = join(folder, 'shop.duckdb');
      const first = await openEngine({ file });
      await first.query(`CREATE DATABASE ${DATABASE}`, '');
      await first.query(uniqueTable(HIDDEN), DATABASE);
      await load(first, '{"id":1,"v":9}', BY_V);
      await first.close();

      const second = await openEngine({ file });
      await load(second, '{"id":1,"v":8}', BY_V);
      expect(await rowsOf(second, 'SELECT v FROM t')).toEqual([['9']]);
      await second.query('DROP TABLE t', DATABASE);
      await second.query(uniqueTable(HIDDEN), DATABASE);
      await load(second, '{"id":1,"v":8}', BY_V);

      expect(await rowsOf(second, 'SELECT v FROM t')).toEqual([['8']]);
      await second.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a UNIQUE KEY table that names its own sequence column', () => {
  it('goes by that column to the millisecond, whatever the header says', async () => {
    const engine = await engineWith(uniqueTable('"function_column.sequence_col" = "at"'));

    await load(engine, '{"id":1,"v":1,"at":"2026-01-01 00:00:10.400","name":"new"}', BY_V);
    await load(engine, '{"id":1,"v":2,"at":"2026-01-01 00:00:10.399","name":"old"}', BY_V);

    expect(await rowsOf(engine, 'SELECT name FROM t')).toEqual([['new']]);
  });
});

describe('a load is refused', () => {
  const refusal = async (statement: string, options: Readonly<Record<string, string>>): Promise<unknown> => {
    const engine = await engineWith(statement);
    try {
      return engine.plan(TABLE, options);
    } catch (error) {
      return (error as Error).message.replace('TStatus: errCode = 2, detailMessage = ', '');
    }
  };

  it('that names no column where the table has a hidden sequence', async () => {
    expect(await refusal(uniqueTable(HIDDEN), LINES)).toBe('Table t has sequence column, need to specify the sequence column');
  });

  it('that names a column where the table has no sequence', async () => {
    expect(await refusal(createTable(COLUMNS, 'UNIQUE KEY(id)'), BY_V)).toBe('There is no sequence column in the table t');
    expect(await refusal(createTable(COLUMNS), BY_V)).toBe('There is no sequence column in the table t');
  });

  it('that names a column that the table does not have, or one that the stand-in cannot compare', async () => {
    const by = (column: string) => refusal(uniqueTable(HIDDEN), { ...LINES, 'function_column.sequence_col': column });

    expect(await by('w')).toBe('unknown reference column, column=__DORIS_SEQUENCE_COL__, reference=w');
    expect(await by('name')).toBe('the stand-in cannot make a sequence of the column name: it is of another type');
    expect(await by('at')).toBe('the stand-in cannot make a sequence of the column at: it is of another type');
  });
});

describe('a table is refused', () => {
  it.each([
    [
      'whose sequence is no number or time',
      uniqueTable('"function_column.sequence_type" = "double"'),
      'sequence type only support integer types and date types',
    ],
    [
      'whose sequence column is a text',
      uniqueTable('"function_column.sequence_col" = "name"'),
      'sequence type only support integer types and date types',
    ],
    [
      'with a sequence of both kinds',
      uniqueTable(`${HIDDEN}, "function_column.sequence_col" = "v"`),
      'The sequence_col and sequence_type cannot be set at the same time',
    ],
    ['with a sequence and no unique key', uniqueTable(HIDDEN).replace('UNIQUE', 'DUPLICATE'), 'sequence column only support UNIQUE_KEYS'],
  ])('%s', async (_what, statement, reason) => {
    await expect(engineWith(statement)).rejects.toThrow(reason);
  });
});
