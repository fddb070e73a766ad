import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownData } from '../../../local/demo/own-data.ts';
import { InputError } from '../../../local/input-error.ts';

const TABLE = 'CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loader-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function data(lines: string | Buffer, sql = TABLE, limit = 1000) {
  const [input, table] = [join(folder, 'rows.ndjson'), join(folder, 'table.sql')];
  await writeFile(input, lines);
  await writeFile(table, sql);
  return ownData(input, table, limit);
}

const contents = async (lines: string | Buffer, limit = 1000) => {
  const records: [number, Buffer][] = [];
  for await (const { data: bytes, partitionKey } of (await data(lines, TABLE, limit)).records())
    records.push([Number(partitionKey), bytes]);
  return records;
};

describe('lines of a file', () => {
  it('are sent byte for byte, each under its number in the file, blank ones left out', async () => {
    const odd = Buffer.from([0x7b, 0x22, 0xff, 0xe2, 0x80, 0xa8, 0x22, 0x7d]);

    const records = await contents(Buffer.concat([Buffer.from('{"id":1}\r\n\n  \n'), odd, Buffer.from('\n{"id":"é"}')]));

    expect(records).toEqual([
      [1, Buffer.from('{"id":1}')],
      [4, odd],
      [5, Buffer.from('{"id":"é"}')],
    ]);
  });

  it('are no more than were asked for', async () => {
    expect((await contents('1\n\n2\n3\n', 2)).map(([number]) => number)).toEqual([1, 3]);
  });

  it('may be as long as a record of Kinesis with its partition key, and no longer', async () => {
    const longest = 'x'.repeat(1024 * 1024 - 1);

    expect((await contents(longest))[0]?.[1]).toHaveLength(longest.length);
    await expect(data(`${longest}\n${longest}y`)).rejects.toThrow(/line 2 must have at most 1048575 bytes.*\(given 1048576\)$/);
  });

  it.each(['', '\n \n'])('have to be there: %j', async (text) => {
    await expect(data(text)).rejects.toThrow(/^--input .*rows\.ndjson: must hold at least one line that is not blank$/);
  });
});

describe('files that cannot be used', () => {
  it.each([
    ['SELECT 1', "Syntax error: expected CREATE TABLE, found 'SELECT 1'"],
    ['', 'Syntax error: expected CREATE TABLE, found the end of the statement'],
    [`${TABLE};\n${TABLE.replace('t ', 'u ')}`, "Syntax error: expected the end of the statement, found 'CREATE TABLE u"],
    [`${TABLE} 'open`, ''],
    [TABLE.replace('BIGINT', 'SERIAL'), 'Unsupported column type SERIAL'],
    [TABLE.replace('BIGINT', 'DECIMAL(99,1)'), 'DECIMAL precision must be between 1 and 38 (given 99)'],
    [TABLE.replace(' t ', ' shop.t '), 'the demo puts its table into a database of its own: name it without shop.'],
    [TABLE.replace('KEY(id)', 'KEY(no)'), "Key columns [no] doesn't exist."],
  ])('are refused with the reason: %s', async (sql, reason) => {
    const refused = data('{"id":1}', sql);

    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(`table.sql: must hold one CREATE TABLE statement: ${reason}`);
  });

  it('are refused when they are not there, or no files', async () => {
    await data('{"id":1}');
    const table = join(folder, 'table.sql');

    await expect(ownData(join(folder, 'none'), table, 1)).rejects.toThrow(/^--input .*none: cannot be read: ENOENT/);
    await expect(ownData(folder, table, 1)).rejects.toThrow(`--input ${folder}: must be a file`);
    await expect(ownData(table, join(folder, 'none'), 1)).rejects.toThrow(/^--create-table .*none: cannot be read: ENOENT/);
  });

  it('are taken when the statement is followed by a semicolon and names its table in any way', async () => {
    const { table, definition } = await data('{"id":1}', `-- mine\n${TABLE.replace(' t ', ' IF NOT EXISTS `a-b` ')};\n`);

    expect(table).toBe('a-b');
    expect(definition?.name).toEqual({ database: 'demo', table: 'a-b' });
  });
});
