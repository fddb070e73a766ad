import { describe, expect, it } from 'vitest';
import { createTable, engineWith, load, read, rowsOf } from './support.ts';

const TWO_COLUMNS = createTable('id INT NULL, name VARCHAR(32) NULL');
const ARRAY = { format: 'json', strip_outer_array: 'true', max_filter_ratio: '1' };

describe('a body that is one array (reference 9.1, 9.3)', () => {
  it('makes a row of each element, over as many lines as it likes', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await load(engine, '[\n {"id":1,\n"name":"a"},\n {"id":2}\n]\n', ARRAY);

    expect(result).toMatchObject({ totalRows: 2, loadedRows: 2, filteredRows: 0 });
  });

  it('filters an element without matching keys alone', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, '[{"id":1},{"x":2},{"id":3}]', ARRAY);

    expect(result).toMatchObject({ totalRows: 3, loadedRows: 2, filteredRows: 1 });
  });

  it.each([
    ['a broken element', '[{"id":1},{"id":2},{"id":}]'],
    ['a missing comma', '[{"id":1} {"id":2}]'],
    ['a comma too many', '[{"id":1},]'],
    ['an element that is no object', '[{"id":1},7]'],
    ['a missing end', '[{"id":1},{"id":2}'],
    ['text behind the end', '[{"id":1}] x'],
  ])('loses all rows to %s and counts one bad row (test_json_load.case17)', async (_, body) => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await load(engine, body, ARRAY);

    expect(result).toMatchObject({ totalRows: 1, loadedRows: 0, filteredRows: 1 });
    expect(await rowsOf(engine, 'SELECT count(*) FROM t')).toEqual([['0']]);
  });

  it('is refused when it is an object', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await read(engine, '{"id":1}', ARRAY);

    expect(result.errorLines).toEqual([
      'Reason: JSON data is not an array-object, `strip_outer_array` must be FALSE.. src line [{"id":1}]; ',
    ]);
  });

  it('may be one array a line: damage costs the rows of its line only', async () => {
    const engine = await engineWith(TWO_COLUMNS);

    const result = await load(engine, '[{"id":1},{"id":2}]\n[{"id":3},{]\n[{"id":4}]', { ...ARRAY, read_json_by_line: 'true' });

    expect(result).toMatchObject({ totalRows: 4, loadedRows: 3, filteredRows: 1 });
    expect(await rowsOf(engine, 'SELECT id FROM t ORDER BY id')).toEqual([['1'], ['2'], ['4']]);
  });
});

describe('jsonpaths and json_root', () => {
  it('fill columns by position, and a column without a path takes its default (test_json_load.case14)', async () => {
    const engine = await engineWith(createTable("id INT NULL, city VARCHAR(32) NULL, code BIGINT NULL DEFAULT '7'"));

    await load(engine, '{"item":{"code":"x","id":1}}', { format: 'json', jsonpaths: '["$.id","$.code"]', json_root: '$.item' });

    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([['1', 'x', '7']]);
  });

  it('reach quoted keys, array elements and the whole document (test_json_load.case28, case16, case30)', async () => {
    const engine = await engineWith(createTable('id VARCHAR(9) NULL, a STRING NULL, v VARIANT NULL'));

    await load(engine, '{"k": {"a.b": "x"}, "l": [1, [2, 3]]}', { format: 'json', jsonpaths: '["$.k.\\"a.b\\"","$.l[1][0]","$."]' });

    expect(await rowsOf(engine, 'SELECT * FROM t')).toEqual([['x', '2', '{"k":{"a.b":"x"},"l":[1,[2,3]]}']]);
  });
});
