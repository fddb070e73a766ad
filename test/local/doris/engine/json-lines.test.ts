import { describe, expect, it } from 'vitest';
import { createTable, engineWith, LINES, load, read, rowsOf, STRICT_LINES } from './support.ts';

const TWO_COLUMNS = createTable('id INT NULL, name VARCHAR(32) NULL');

describe('a body read by line (reference 9.1, 9.2)', () => {
  it('makes one row of each line and nothing of an empty one', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await load(engine, '{"id":1,"name":"a"}\n\n  \n{"id":2,"name":"b"}\n');

    expect(result).toMatchObject({ totalRows: 2, loadedRows: 2, filteredRows: 0, unselectedRows: 0, errorLines: [], stoppedEarly: false });
    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id')).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ]);
  });

  it('counts a malformed line as one bad row and goes on', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await load(engine, ['{"id":1}', '{"id":', '{"id":3}'], { ...LINES, max_filter_ratio: '1' });

    expect(result).toMatchObject({ totalRows: 3, loadedRows: 2, filteredRows: 1 });
    expect(result.errorLines[0]).toMatch(/^Reason: Parse json data failed\. code: 3, error info: .*src line \[\{"id":\]; $/);
  });

  it('counts a line that is no UTF-8 as one bad row', async () => {
    const engine = await engineWith(TWO_COLUMNS);
    const body = Buffer.concat([Buffer.from('{"id":1}\n{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n{"id":3,"name":"é"}')]);

    const result = await load(engine, body);

    expect(result).toMatchObject({ totalRows: 3, loadedRows: 2, filteredRows: 1 });
    expect(await rowsOf(engine, 'SELECT name FROM t WHERE id = 3')).toEqual([['é']]);
  });

  it('fails as a whole when a line holds two objects (test_json_load_behavior_and_error_msg.case2)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, '{"id":1}\n{"id":2}, {"id":3}\n{"id":4}');

    expect(result.fatal).toEqual({ code: 'DATA_QUALITY_ERROR', message: 'Multiple JSON objects in a single line' });
  });

  it('takes other text behind an object for a malformed line (test_json_load.case10)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, ['{"id":1}}', '{"id":2}"}', '{"id":3}']);

    expect(result).toMatchObject({ totalRows: 3, loadedRows: 1, filteredRows: 2 });
    expect(result.fatal).toBeUndefined();
  });

  it('skips a byte order mark (test_json_load.case20)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, '\ufeff{"id":1}\n{"id":2}');

    expect(result).toMatchObject({ totalRows: 2, loadedRows: 2 });
  });

  it('is the default when neither mode header is sent (test_json_load_default_behavior)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, '{"id":1}\n{"id":2}', { format: 'json' });

    expect(result.totalRows).toBe(2);
  });

  it('ends lines where line_delimiter says', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await load(engine, '{"id":1}|{"id":2,"name":"x"}|', { ...LINES, line_delimiter: '|' });

    expect(result.loadedRows).toBe(2);
    expect(await rowsOf(engine, 'SELECT id, name FROM t ORDER BY id')).toEqual([
      ['1', null],
      ['2', 'x'],
    ]);
  });

  it('refuses an array without strip_outer_array (reference 9.1)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, '[{"id":1}]');

    expect(result.errorLines).toEqual(['Reason: JSON data is array-object, `strip_outer_array` must be TRUE.. src line [[{"id":1}]]; ']);
  });
});

describe('keys (reference 9.6, 9.7)', () => {
  it('match column names with their letter case, and unknown ones are ignored', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    await load(engine, '{"id":1,"Name":"other case","more":{"a":[1,2]}}');

    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([['1', null]]);
  });

  it('count the first time when they come twice (test_json_load.case29)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    await load(engine, '{"id":10,"id":100}\n{"id":null,"id":5,"name":"n"}');

    expect(await rowsOf(engine, 'SELECT id FROM t ORDER BY id')).toEqual([[null], ['10']]);
  });

  it('filter a row that has none of the columns, with the exact text of Doris (test_json_load.columns_error)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, ['{}', '{"other":1}']);

    const reason = 'There is no column matching jsonpaths in the json file, columns:[id, name, ], please check columns and jsonpaths:';
    expect(result.errorLines).toEqual([`Reason: ${reason}. src line [{}]; `, `Reason: ${reason}. src line [{"other":1}]; `]);
    expect(result).toMatchObject({ totalRows: 2, loadedRows: 0, filteredRows: 2 });
  });
});

describe('zero tolerance (reference 9.13)', () => {
  const badLines = (count: number) => Array.from({ length: count }, () => '{');

  it('reads on through fifty bad rows', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, [...badLines(50), '{"id":1}']);

    expect(result).toMatchObject({ totalRows: 51, filteredRows: 50, loadedRows: 1, stoppedEarly: false });
    expect(result.errorLines).toHaveLength(50);
  });

  it('stops at the fifty-first and closes the log with one more line (reference 7)', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, [...badLines(60), '{"id":1}'], STRICT_LINES);

    expect(result).toMatchObject({ totalRows: 51, filteredRows: 51, loadedRows: 0, stoppedEarly: true });
    expect(result.errorLines[50]).toBe('TOO MUCH ERROR! already reach 50. show no more next error.');
  });

  it('does not apply when max_filter_ratio allows bad rows', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, [...badLines(60), '{"id":1}'], { ...LINES, max_filter_ratio: '0.99' });

    expect(result).toMatchObject({ totalRows: 61, filteredRows: 60, loadedRows: 1, stoppedEarly: false });
    expect(result.errorLines).toHaveLength(51);
  });
});

describe('a large body', () => {
  it('lets other work of the process run while it is read', async () => {
    const engine = await engineWith(TWO_COLUMNS);
    const lines = Array.from({ length: 50_000 }, (_, id) => `{"id":${id},"name":"some name of a few characters"}`);
    let turns = 0;
    let reading = true;
    const otherWork = () => {
      turns++;
      if (reading) setImmediate(otherWork);
    };

    const result = read(engine, lines);
    setImmediate(otherWork);
    expect((await result).loadedRows).toBe(50_000);
    reading = false;

    expect(turns).toBeGreaterThan(2);
  });
});
