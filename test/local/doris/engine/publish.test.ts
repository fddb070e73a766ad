import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../../../local/doris/engine/open.ts';
import { createTable, DATABASE, engineWith, LINES, load, read, rowsOf, TABLE } from './support.ts';

describe('staged rows', () => {
  it('are invisible until they are published, and gone when they are discarded', async () => {
    const engine = await engineWith(createTable('id INT NULL'));
    const kept = await read(engine, '{"id":1}');
    const dropped = await read(engine, '{"id":2}');

    expect(await rowsOf(engine, 'SELECT id FROM t')).toEqual([]);
    await engine.publish(kept.staged);
    await engine.discard(dropped.staged);

    expect(await rowsOf(engine, 'SELECT id FROM t')).toEqual([['1']]);
    await expect(engine.publish(kept.staged)).rejects.toThrow('published or discarded before');
  });

  it('become visible all at once, also when publishes come together', async () => {
    const engine = await engineWith(createTable('id INT NULL'));
    const lines = Array.from({ length: 3000 }, (_, id) => `{"id":${id}}`);
    const results = await Promise.all([read(engine, lines), read(engine, lines), read(engine, lines)]);

    const publishes = results.map(({ staged }) => engine.publish(staged));
    const seen = await Promise.all(Array.from({ length: 5 }, () => rowsOf(engine, 'SELECT count(*) FROM t')));
    await Promise.all(publishes);

    for (const [[count]] of seen as [[string]][]) expect(Number(count) % 3000).toBe(0);
    expect(await rowsOf(engine, 'SELECT count(*) FROM t')).toEqual([['9000']]);
  });

  it('cannot go into a table that was made anew since', async () => {
    const engine = await engineWith(createTable('id INT NULL'));
    const result = await read(engine, '{"id":1}');
    await engine.query('DROP TABLE t', DATABASE);
    await engine.query(createTable('id INT NULL, name STRING NULL'), DATABASE);

    await expect(engine.publish(result.staged)).rejects.toThrow('not the one that the rows were read for');
    expect(await rowsOf(engine, 'SELECT count(*) FROM t')).toEqual([['0']]);
  });

  it('keep their order and number past the size of one pack', async () => {
    const engine = await engineWith(createTable('id INT NULL, name STRING NULL'));
    const lines = Array.from({ length: 5000 }, (_, id) => `{"id":${id},"name":"n\\t${id}"}`);

    await load(engine, lines);

    expect(await rowsOf(engine, "SELECT count(*), sum(id), count(DISTINCT name) FROM t WHERE name LIKE 'n\t%'")).toEqual([
      ['5000', '12497500', '5000'],
    ]);
  });
});

describe('a DUPLICATE KEY table', () => {
  it('keeps every row', async () => {
    const engine = await engineWith(createTable('id INT NULL'));

    await load(engine, '{"id":1}\n{"id":1}');
    await load(engine, '{"id":1}');

    expect(await rowsOf(engine, 'SELECT count(*) FROM t')).toEqual([['3']]);
  });
});

describe('a UNIQUE KEY table', () => {
  const columns = 'id INT NULL, k VARCHAR(9) NULL, v INT NULL';

  it('keeps the last row of a key, within a load and between loads, NULL keys included', async () => {
    const engine = await engineWith(createTable(columns, 'UNIQUE KEY(id, k)'));

    await load(engine, ['{"id":1,"k":"a","v":1}', '{"id":1,"k":"b","v":2}', '{"id":1,"k":"a","v":3}', '{"k":"n","v":4}']);
    await load(engine, ['{"id":1,"k":"b","v":5}', '{"k":"n","v":null}']);

    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id, k')).toEqual([
      [null, 'n', null],
      ['1', 'a', '3'],
      ['1', 'b', '5'],
    ]);
  });

  it('keeps the row with the highest sequence when it names a sequence column, the later one of equals', async () => {
    const statement = createTable(columns, 'UNIQUE KEY(id)').replace(
      '"replication_num"',
      '"function_column.sequence_col" = "v", "replication_num"',
    );
    const engine = await engineWith(statement);

    await load(engine, ['{"id":1,"k":"old","v":7}', '{"id":1,"k":"late but lower","v":6}', '{"id":2,"k":"first","v":1}']);
    await load(engine, ['{"id":1,"k":"lower","v":6}', '{"id":2,"k":"equal","v":1}']);

    expect(await rowsOf(engine, 'SELECT id, k FROM t ORDER BY id')).toEqual([
      ['1', 'old'],
      ['2', 'equal'],
    ]);
  });
});

describe('an AGGREGATE KEY table', () => {
  it('combines the values of a key by the function of each column', async () => {
    const columns = 'id INT NULL, s BIGINT SUM NULL, hi INT MAX NULL, lo INT MIN NULL, r INT REPLACE NULL, rn INT REPLACE_IF_NOT_NULL NULL';
    const engine = await engineWith(createTable(columns, 'AGGREGATE KEY(id)'));

    await load(engine, ['{"id":1,"s":1,"hi":1,"lo":1,"r":1,"rn":1}', '{"id":1,"s":2,"hi":9,"lo":5,"r":2,"rn":2}']);
    await load(engine, ['{"id":1,"s":4,"hi":3,"lo":0,"r":null,"rn":null}', '{"id":2,"s":1}']);

    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id')).toEqual([
      ['1', '7', '9', '0', null, '2'],
      ['2', '1', null, null, null, null],
    ]);
  });
});

describe('an engine with a file', () => {
  it('has its rows and tables again after a restart, and no staged rows', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'doris-engine-'));
    try {
      const file = join(folder, 'shop.duckdb');
      const first = await openEngine({ file });
      await first.query(`CREATE DATABASE ${DATABASE}`, '');
      await first.query(createTable('id LARGEINT NOT NULL, d DECIMAL(9,2) NULL DEFAULT 1.5', 'UNIQUE KEY(id)'), DATABASE);
      await load(first, '{"id":1}');
      await read(first, '{"id":2}');
      const before = first.table(TABLE);
      await first.close();

      const second = await openEngine({ file });

      expect(second.table(TABLE)).toEqual(before);
      await load(second, '{"id":1,"d":2.25}\n{"id":170141183460469231731687303715884105727}', LINES);
      expect(await rowsOf(second, 'SELECT * FROM t ORDER BY id')).toEqual([
        ['1', '2.25'],
        ['170141183460469231731687303715884105727', '1.50'],
      ]);
      await second.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
