import { describe, expect, it } from 'vitest';
import { SqlError } from '../../../../local/doris/engine.ts';
import { createTable, DATABASE, engineWith, load, rowsOf } from './support.ts';

const TYPED = createTable(
  'id INT NULL, name VARCHAR(20) NULL, amount DECIMAL(18,4) NULL, at DATETIME NULL, big LARGEINT NULL, v VARIANT NULL',
);

describe('SELECT', () => {
  it('names columns by their Doris types and gives exact texts', async () => {
    const engine = await engineWith(TYPED);
    await load(engine, '{"id":1,"name":"a","amount":0.1,"at":"2024-01-02 03:04:05","big":12345678901234567890123,"v":{"a":{"b":"x"}}}');

    const result = await engine.query('SELECT * FROM t', DATABASE);

    expect(result.columns.map(({ type }) => type)).toEqual(['INT', 'VARCHAR(20)', 'DECIMAL(18,4)', 'DATETIME', 'LARGEINT', 'VARIANT']);
    expect(result.rows).toEqual([['1', 'a', '0.1000', '2024-01-02 03:04:05', '12345678901234567890123', '{"a":{"b":"x"}}']]);
  });

  it('understands backticks, double-quoted texts, database names, VARIANT paths and casts', async () => {
    const engine = await engineWith(TYPED);
    await load(engine, ['{"id":1,"name":"a","v":{"a":{"b":"x","n":5}}}', '{"id":2,"name":"b","v":{"a":{"b":"y","n":50}}}']);

    const query = `SELECT \`x\`.\`id\`, CAST(v['a']['n'] AS INT) + 1 AS n FROM ${DATABASE}.\`t\` AS x WHERE v['a']['b'] = "y" && !(name = "a") -- end`;

    expect(await rowsOf(engine, query)).toEqual([['2', '51']]);
  });

  it('sorts NULL before all values, skips with LIMIT offset, count', async () => {
    const engine = await engineWith(TYPED);
    await load(engine, ['{"id":2}', '{"name":"null id"}', '{"id":1}']);

    expect(await rowsOf(engine, 'SELECT id FROM t ORDER BY id')).toEqual([[null], ['1'], ['2']]);
    expect(await rowsOf(engine, 'SELECT id FROM t ORDER BY id LIMIT 1, 2')).toEqual([['1'], ['2']]);
  });

  it('joins, groups and nests, with names from WITH', async () => {
    const engine = await engineWith(TYPED);
    await load(engine, ['{"id":1,"name":"a","amount":1.5}', '{"id":2,"name":"a","amount":2}', '{"id":3,"name":"b","amount":4}']);

    const query = `WITH sums AS (SELECT name, sum(amount) AS total FROM t GROUP BY name)
      SELECT t.id, s.total FROM t, sums s WHERE t.name = s.name AND t.id IN (SELECT max(id) FROM t GROUP BY name) ORDER BY 1`;

    expect(await rowsOf(engine, query)).toEqual([
      ['2', '3.5000'],
      ['3', '4.0000'],
    ]);
  });

  it('gives NULL for CONCAT with NULL, and bytes for LENGTH, as Doris does', async () => {
    const engine = await engineWith(TYPED);

    expect(await rowsOf(engine, "SELECT concat('a', NULL, 'b'), concat('a', 1), length('中'), char_length('中')")).toEqual([
      [null, 'a1', '3', '1'],
    ]);
  });

  it.each([
    ['a table that does not exist', 'SELECT * FROM nothing', 'Table [nothing] does not exist in database [shop].'],
    ['a table spelled in other letter case', 'SELECT * FROM T', 'Table [T] does not exist in database [shop].'],
    ['a function that might differ', 'SELECT sleep(1) FROM t', 'does not know the function sleep'],
    ['a file in place of a table', "SELECT * FROM '/etc/hostname'", 'expected a name'],
    ['a table function', "SELECT * FROM read_csv('/etc/hostname')", 'no table functions'],
    ['two statements', 'SELECT 1; SELECT 2', 'one statement only'],
    ['a statement it does not know', 'ALTER TABLE t ADD COLUMN x INT', "statements that start with 'ALTER'"],
  ])('refuses %s', async (_, query, reason) => {
    const engine = await engineWith(TYPED);

    await expect(engine.query(query, DATABASE)).rejects.toThrow(reason);
  });
});

describe('other statements', () => {
  it('INSERT takes all rows or none', async () => {
    const engine = await engineWith(createTable("id INT NOT NULL, name VARCHAR(3) NULL DEFAULT 'x'"));

    const { affectedRows } = await engine.query('INSERT INTO t (id) VALUES (1), (1 + 1)', DATABASE);
    await expect(engine.query("INSERT INTO t VALUES (3, 'abc'), (4, 'abcd')", DATABASE)).rejects.toThrow('too long');

    expect(affectedRows).toBe(2);
    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id')).toEqual([
      ['1', 'x'],
      ['2', 'x'],
    ]);
  });

  it.each([
    ['a column that the table does not have', 'INSERT INTO t (id, nobody) VALUES (1, 2)', "Unknown column 'nobody' in target table."],
    ['a row without a NOT NULL column', "INSERT INTO t (name) VALUES ('a')", 'Column has no default value. column: id'],
    ['rows of another width', 'INSERT INTO t VALUES (1)', "Column count doesn't match value count"],
  ])('INSERT refuses %s', async (_, statement, reason) => {
    const engine = await engineWith(createTable('id INT NOT NULL, name VARCHAR(3) NULL'));

    const refused = engine.query(statement, DATABASE);

    await expect(refused).rejects.toThrow(reason);
    await expect(refused).rejects.toBeInstanceOf(SqlError);
  });

  it('DELETE removes what its condition says, and needs one', async () => {
    const engine = await engineWith(createTable('id INT NULL'));
    await load(engine, '{"id":1}\n{"id":2}\n{"id":3}');

    const { affectedRows } = await engine.query('DELETE FROM t WHERE id >= 2', DATABASE);
    await expect(engine.query('DELETE FROM t', DATABASE)).rejects.toThrow('TRUNCATE TABLE');

    expect(affectedRows).toBe(2);
    expect(await rowsOf(engine, 'SELECT id FROM t')).toEqual([['1']]);
  });

  it('SHOW and DESC tell what there is', async () => {
    const engine = await engineWith(createTable("id INT NOT NULL, n BIGINT SUM NULL DEFAULT '0'", 'AGGREGATE KEY(id)'));

    expect(await rowsOf(engine, 'SHOW DATABASES')).toEqual([[DATABASE]]);
    expect(await rowsOf(engine, `SHOW TABLES FROM ${DATABASE}`)).toEqual([['t']]);
    expect(await rowsOf(engine, 'DESC t')).toEqual([
      ['id', 'int', 'No', 'true', null, ''],
      ['n', 'bigint', 'Yes', 'false', '0', 'SUM'],
    ]);
  });

  it('SHOW CREATE TABLE gives a statement that makes the same columns', async () => {
    const engine = await engineWith(createTable("id INT NOT NULL, v DECIMAL(9,2) NULL DEFAULT '1.5' COMMENT 'price'", 'UNIQUE KEY(id)'));
    const before = engine.table({ database: DATABASE, table: 't' });

    const [[, statement] = []] = await rowsOf(engine, 'SHOW CREATE TABLE t');
    await engine.query('DROP TABLE t', DATABASE);
    await engine.query(String(statement), DATABASE);

    expect(engine.table({ database: DATABASE, table: 't' })).toEqual(before);
  });
});
