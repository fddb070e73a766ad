import { describe, expect, it } from 'vitest';
import { createTable, engineWith, load, read, rowsOf } from './support.ts';

const TABLE_SQL = createTable('id INT NULL, name STRING NULL, day DATE NULL');
const COMMA = { column_separator: ',' };

describe('a CSV body', () => {
  it('has tabs between fields and \\N for NULL, and skips empty lines', async () => {
    const engine = await engineWith(TABLE_SQL);

    const result = await load(engine, '1\ta b\t2024-01-02\r\n\n2\t\t\\N\n', {});

    expect(result).toMatchObject({ totalRows: 2, loadedRows: 2 });
    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id')).toEqual([
      ['1', 'a b', '2024-01-02'],
      ['2', '', null],
    ]);
  });

  it('filters lines with another number of fields, in the words of Doris (test_stream_load_error_url.too_many_columns)', async () => {
    const engine = await engineWith(TABLE_SQL);

    const result = await read(engine, '1,a\n1,a,2024-01-02,x', COMMA);

    expect(result).toMatchObject({ totalRows: 2, filteredRows: 2 });
    expect(result.errorLines[0]).toContain(
      'actual column number in csv file is  less than  schema column number.actual number: 2, schema column number: 3; ',
    );
    expect(result.errorLines[1]).toContain(
      'actual column number in csv file is  more than  schema column number.actual number: 4, schema column number: 3; ',
    );
    expect(result.errorLines[1]).toMatch(/src line \[1,a,2024-01-02,x\]; $/);
  });

  it('may have other separators, also longer ones and ones spelled in hex', async () => {
    const engine = await engineWith(TABLE_SQL);

    await load(engine, '1@@a@@2024-01-02$$$2@@b@@2024-01-03', { column_separator: '@@', line_delimiter: '$$$' });
    await load(engine, '3\u0001c\u00012024-01-04\u0002', { column_separator: '\\x01', line_delimiter: '\\x02' });

    expect(await rowsOf(engine, 'SELECT id, name FROM t ORDER BY id')).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
    ]);
  });

  it('keeps control characters that are data', async () => {
    const engine = await engineWith(TABLE_SQL);

    await load(engine, '1,a\x1fb\x1e\x1d\x1c,2024-01-02', COMMA);

    expect(await rowsOf(engine, 'SELECT name FROM t')).toEqual([['a\x1fb\x1e\x1d\x1c']]);
  });

  it('skips lines as the format or skip_lines say (test_csv_with_skip_lines)', async () => {
    const engine = await engineWith(TABLE_SQL);
    const body = '1,a,\\N\n2,b,\\N\n3,c,\\N';

    expect((await read(engine, body, { ...COMMA, skip_lines: '2' })).loadedRows).toBe(1);
    expect((await read(engine, body, { ...COMMA, skip_lines: '9' })).loadedRows).toBe(0);
    expect((await read(engine, body, { ...COMMA, format: 'csv_with_names', skip_lines: '3' })).loadedRows).toBe(2);
    expect((await read(engine, body, { ...COMMA, format: 'csv_with_names_and_types' })).loadedRows).toBe(1);
  });

  it('counts a line that is no UTF-8 as one bad row', async () => {
    const engine = await engineWith(TABLE_SQL);

    const result = await read(
      engine,
      Buffer.concat([Buffer.from('1,a,\\N\n2,'), Buffer.from([0xff]), Buffer.from(',\\N\n3,c,\\N')]),
      COMMA,
    );

    expect(result).toMatchObject({ totalRows: 3, loadedRows: 2, filteredRows: 1 });
  });
});

describe('the columns header', () => {
  const expressed = { ...COMMA, max_filter_ratio: '1' };

  it('chooses and orders fields, and computes columns from them', async () => {
    const engine = await engineWith(TABLE_SQL);

    await load(engine, '2024-05-06,x,7', {
      ...expressed,
      columns: "when, skipped, n, id = n * 10, name = concat(upper(skipped), '!'), day = date(when)",
    });

    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([['70', 'X!', '2024-05-06']]);
  });

  it('leaves columns that it does not name to their defaults', async () => {
    const engine = await engineWith(createTable("id INT NULL, name STRING NULL DEFAULT 'standard'"));

    await load(engine, '5', { columns: 'id' });

    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([['5', 'standard']]);
  });

  it('computes integers exactly and knows conditions', async () => {
    const engine = await engineWith(createTable('id BIGINT NULL, kind STRING NULL'));
    const columns =
      "n, id = n + 1, kind = case when n between 1 and 5 then 'small' when n in (9007199254740993) then 'exact' else if(n is null, 'none', 'other') end";

    await load(engine, '3\n9007199254740993\n\\N\n7', { columns });

    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id')).toEqual([
      [null, 'none'],
      ['4', 'small'],
      ['8', 'other'],
      ['9007199254740994', 'exact'],
    ]);
  });

  it('computes times in the zone of the load', async () => {
    const engine = await engineWith(createTable('id INT NULL, at DATETIME NULL'));

    await load(engine, '2019', { columns: 's, id = s, at = from_unixtime(s)', timezone: '+08:00' });
    await load(engine, '1720000000', { columns: 's, id = s, at = from_unixtime(s)', timezone: 'Europe/Berlin' });

    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id')).toEqual([
      ['2019', '1970-01-01 08:33:39'],
      ['1720000000', '2024-07-03 11:46:40'],
    ]);
  });
});

describe('the where header', () => {
  it('leaves rows out, after conversion and before the checks of the table (test_group_commit_stream_load)', async () => {
    const engine = await engineWith(createTable('id INT NOT NULL, name VARCHAR(2) NULL'));

    const result = await load(engine, '1,a\nx,a\n2,bbbb\n3,a', { ...COMMA, where: "name = 'a' and id > 1", max_filter_ratio: '1' });

    expect(result).toMatchObject({ totalRows: 4, loadedRows: 1, filteredRows: 1, unselectedRows: 2 });
    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([['3', 'a']]);
  });
});
