import { describe, expect, it } from 'vitest';
import { SqlError } from '../../../../local/doris/engine.ts';
import { createTable, DATABASE, engineWith, load, read, rowsOf, STRICT_LINES, TABLE } from './support.ts';

describe('CREATE TABLE', () => {
  it('understands the forms that people write, with comments, backticks and indexes', async () => {
    const engine = await engineWith(`
      -- orders of the shop
      CREATE TABLE IF NOT EXISTS \`shop\`.\`t\` (
        \`id\` BIGINT NOT NULL COMMENT "the order's number",
        at DATETIMEV2(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), /* arrival */
        price DECIMALV3(18, 4) NULL DEFAULT "0",
        tags ARRAY<VARCHAR(20)> NULL,
        attributes MAP<STRING, INT> NULL,
        payload VARIANT NULL,
        INDEX by_payload (payload) USING INVERTED COMMENT 'for search'
      ) ENGINE=OLAP
      UNIQUE KEY(\`id\`, at) COMMENT 'orders'
      AUTO PARTITION BY RANGE (date_trunc(at, 'day')) ()
      DISTRIBUTED BY HASH(id) BUCKETS AUTO
      PROPERTIES ("replication_allocation" = "tag.location.default: 1", "enable_unique_key_merge_on_write" = "true");`);

    const info = engine.table(TABLE);

    expect(info?.keysType).toBe('UNIQUE_KEYS');
    expect(info?.properties['enable_unique_key_merge_on_write']).toBe('true');
    expect(info?.columns.map(({ name, type, nullable, key }) => [name, type, nullable, key])).toEqual([
      ['id', 'BIGINT', false, true],
      ['at', 'DATETIME(3)', false, true],
      ['price', 'DECIMAL(18,4)', true, false],
      ['tags', 'ARRAY<VARCHAR(20)>', true, false],
      ['attributes', 'MAP<STRING,INT>', true, false],
      ['payload', 'VARIANT', true, false],
    ]);
  });

  it('makes a DUPLICATE KEY table without a key clause', async () => {
    const engine = await engineWith('CREATE TABLE t (id INT, v INT) DISTRIBUTED BY RANDOM');

    expect(engine.table(TABLE)?.keysType).toBe('DUP_KEYS');
  });

  it.each([
    ['a type that Doris does not have', 'id BLOB', 'Unsupported column type BLOB'],
    ['AUTO_INCREMENT', 'id BIGINT NOT NULL AUTO_INCREMENT', 'AUTO_INCREMENT'],
    ['a decimal of more than 38 digits', 'id INT, v DECIMAL(39,0)', 'DECIMAL precision must be between 1 and 38 (given 39)'],
    ['two columns of one name', 'id INT, ID INT', "Duplicate column name 'ID'"],
    ['a key of floating point', 'id DOUBLE', 'Type of column id can not be used in a key'],
    ['a missing parenthesis', 'id INT', 'expected'],
  ])('refuses %s', async (what, columns, reason) => {
    const engine = await engineWith();
    const statement = what === 'a missing parenthesis' ? `CREATE TABLE t (${columns}` : createTable(columns);

    await expect(engine.query(statement, DATABASE)).rejects.toThrow(reason);
    await expect(engine.query(statement, DATABASE)).rejects.toBeInstanceOf(SqlError);
  });

  it('refuses a second table of the name, and with IF NOT EXISTS leaves the first alone', async () => {
    const engine = await engineWith(createTable('id INT'));

    await expect(engine.query(createTable('id INT'), DATABASE)).rejects.toThrow("Table 't' already exists");
    await engine.query(createTable('id INT, v INT').replace('TABLE', 'TABLE IF NOT EXISTS'), DATABASE);

    expect(engine.table(TABLE)?.columns).toHaveLength(1);
  });
});

describe('partitions (reference 9.12)', () => {
  const partitioned = (clause: string) => createTable('id INT NULL, day DATE NULL', `DUPLICATE KEY(id) ${clause}`);

  async function loadedIds(clause: string, lines: readonly string[]): Promise<readonly unknown[]> {
    const engine = await engineWith(partitioned(clause));
    await load(engine, lines, { ...STRICT_LINES, max_filter_ratio: '1' });
    return (await rowsOf(engine, 'SELECT id FROM t ORDER BY id')).map(([id]) => id);
  }

  it('by LESS THAN take what lies below, NULL in the first (test_stream_load_strict_mode_and_filter_ratio.no_partition)', async () => {
    const clause = 'PARTITION BY RANGE(id) (PARTITION p0 VALUES LESS THAN ("60"), PARTITION p1 VALUES LESS THAN ("80"))';

    expect(await loadedIds(clause, ['{"id":59}', '{"id":60}', '{"id":79}', '{"id":80}', '{"day":"2024-01-01"}'])).toEqual([
      null,
      '59',
      '60',
      '79',
    ]);
  });

  it('by fixed bounds include the lower and exclude the upper end', async () => {
    const clause = 'PARTITION BY RANGE(day) (PARTITION p VALUES [("2024-01-01"), ("2024-02-01")))';
    const lines = [
      '{"id":1,"day":"2023-12-31"}',
      '{"id":2,"day":"2024-01-01"}',
      '{"id":3,"day":"2024-1-31"}',
      '{"id":4,"day":"2024-02-01"}',
    ];

    expect(await loadedIds(clause, lines)).toEqual(['2', '3']);
  });

  it('by list take the listed values', async () => {
    const clause = 'PARTITION BY LIST(id) (PARTITION a VALUES IN ("1", "2"), PARTITION b VALUES IN ("5"))';

    expect(await loadedIds(clause, ['{"id":1}', '{"id":3}', '{"id":5}'])).toEqual(['1', '5']);
  });

  it('filter a row without one and say so', async () => {
    const engine = await engineWith(partitioned('PARTITION BY RANGE(id) (PARTITION p VALUES LESS THAN ("10"))'));

    const result = await read(engine, '{"id":10,"day":"2024-01-01"}');

    expect(result.errorLines).toEqual(['Reason: no partition for this tuple. tuple=10 2024-01-01. src line []; ']);
  });

  it('can be chosen by the load, and an unknown one is refused', async () => {
    const engine = await engineWith(
      partitioned('PARTITION BY RANGE(id) (PARTITION a VALUES LESS THAN ("10"), PARTITION b VALUES LESS THAN ("20"))'),
    );

    const result = await read(engine, '{"id":5}\n{"id":15}', { ...STRICT_LINES, partitions: 'b', max_filter_ratio: '1' });

    expect(result).toMatchObject({ loadedRows: 1, filteredRows: 1 });
    expect(() => engine.plan(TABLE, { ...STRICT_LINES, partitions: 'c' })).toThrow('unknown partition: c');
  });
});

describe('DROP and TRUNCATE', () => {
  it('remove the table, its rows, or the whole database', async () => {
    const engine = await engineWith(createTable('id INT'));
    await load(engine, '{"id":1}');

    await engine.query('TRUNCATE TABLE t', DATABASE);
    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([]);

    await engine.query('DROP TABLE t', DATABASE);
    await engine.query('DROP TABLE IF EXISTS t', DATABASE);
    await expect(engine.query('DROP TABLE t', DATABASE)).rejects.toThrow("Unknown table 't'");

    await engine.query(`DROP DATABASE ${DATABASE}`, '');
    expect(engine.hasDatabase(DATABASE)).toBe(false);
  });
});
