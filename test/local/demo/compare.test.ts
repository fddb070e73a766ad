import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareWithSource } from '../../../local/demo/compare.ts';
import { readCreateTable } from '../../../local/doris/engine/sql/create-table.ts';
import { cursorOf } from '../../../local/doris/engine/sql/cursor.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';

let doris: DorisStandIn;
beforeEach(async () => {
  doris = await startDoris();
  await doris.query('CREATE DATABASE demo');
});
afterEach(() => doris.close());

async function* records(lines: readonly string[]) {
  for (const line of lines) yield { data: Buffer.from(line), partitionKey: '1' };
}

/** Fills the table by INSERT and compares it with these lines. */
async function compare(createTable: string, values: string, lines: readonly string[]) {
  const cursor = cursorOf(createTable);
  cursor.expect('CREATE', 'TABLE');
  const { table: definition } = readCreateTable(cursor, 'demo');
  await doris.query(createTable, 'demo');
  await doris.query(`INSERT INTO \`${definition.name.table}\` VALUES ${values}`, 'demo');
  return compareWithSource(doris, { definition, createTable }, records(lines));
}

describe('a table of somebody else’s data', () => {
  const PLAIN = 'CREATE TABLE `a-b` (id BIGINT NOT NULL, times INT, j JSON) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1';

  it('is as its source says when each row is there as often as its line', async () => {
    const lines = ['{"id":1,"times":7,"j":{"a":[1]}}', '{"id":1,"times":7,"j":{"a":[1]}}', '{"id":2,"times":null}'];

    const found = await compare(PLAIN, `(1, 7, '{"a":[1]}'), (1, 7, '{"a":[1]}'), (2, NULL, NULL)`, lines);

    expect(found).toEqual({ distinct: 2, lost: 0, duplicated: 0 });
  });

  it('has one row lost and one doubled where as many are there as there should be', async () => {
    const found = await compare(PLAIN, '(1, 7, NULL), (1, 7, NULL)', ['{"id":1,"times":7}', '{"id":2,"times":7}']);

    expect(found).toEqual({ distinct: 1, lost: 1, duplicated: 1 });
  });

  it('is compared without the time at which a row was stored', async () => {
    const stamped =
      'CREATE TABLE t (id BIGINT NOT NULL, at DATETIME DEFAULT CURRENT_TIMESTAMP) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1';

    const found = await compare(stamped, "(1, '2001-01-01 00:00:00')", ['{"id":1}']);

    expect(found).toEqual({ distinct: 1, lost: 0, duplicated: 0 });
  });
});

describe('a table that keeps one row a key', () => {
  it('has lost nothing when every key is there, whichever of its rows', async () => {
    const unique = 'CREATE TABLE t (id BIGINT NOT NULL, n INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1';

    const found = await compare(unique, '(1, 2), (2, 1)', ['{"id":1,"n":2}', '{"id":1,"n":9}', '{"id":2,"n":1}', '{"id":3,"n":1}']);

    expect(found).toEqual({ distinct: 2, lost: 1, duplicated: 0 });
  });

  it('shows a doubled row by what it adds up', async () => {
    const sums = 'CREATE TABLE t (id BIGINT NOT NULL, n INT SUM, last INT REPLACE) AGGREGATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1';

    const found = await compare(sums, '(1, 3, 1), (2, 10, 1)', [
      '{"id":1,"n":1,"last":1}',
      '{"id":1,"n":2,"last":2}',
      '{"id":2,"n":5,"last":3}',
    ]);

    expect(found).toEqual({ distinct: 2, lost: 1, duplicated: 1 });
  });
});
