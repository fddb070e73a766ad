import { describe, expect, it } from 'vitest';
import { PlanError, type ReadOptions } from '../../../../local/doris/engine.ts';
import { createTable, engineWith, LINES, TABLE } from './support.ts';

async function refusal(options: ReadOptions, columns = 'id INT NOT NULL, name STRING NULL'): Promise<string> {
  const engine = await engineWith(createTable(columns));
  try {
    engine.plan(TABLE, options);
  } catch (error) {
    if (error instanceof PlanError) return `[${error.code}]${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('the plan of a load', () => {
  it.each<readonly [string, ReadOptions, string]>([
    ['an unknown format (test_stream_load.format_unknown)', { format: 'txt' }, '[DATA_FILE_TYPE_ERROR]unknown data format, format=txt'],
    [
      'a strict_mode that is no boolean (reference 2.2)',
      { strict_mode: 'yes' },
      '[INVALID_ARGUMENT]Invalid strict mode format. Must be bool type',
    ],
    ['an unknown merge type (test_stream_load.merge_type_unknown)', { merge_type: 'other' }, '[INVALID_ARGUMENT]Invalid merge type other'],
    ['jsonpaths that are no array', { ...LINES, jsonpaths: '{"a":1}' }, '[INVALID_JSON_PATH]Invalid json path: {"a":1}'],
    ['jsonpaths that are no JSON', { ...LINES, jsonpaths: '[$.a]' }, '[INVALID_JSON_PATH]Invalid json path: [$.a]'],
    [
      'a NOT NULL column without default that columns leaves out',
      { ...LINES, columns: 'name' },
      '[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = Column has no default value. column: id',
    ],
    [
      'an expression over a field that is not there',
      { ...LINES, columns: 'id, name = upper(title)' },
      '[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = unknown reference column, column=name, reference=title',
    ],
    [
      'a function that it does not know',
      { ...LINES, columns: 'id, name = frobnicate(id)' },
      '[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = the stand-in does not know the function frobnicate in load expressions (header columns)',
    ],
    [
      'hidden columns',
      { ...LINES, columns: 'id, __DORIS_DELETE_SIGN__' },
      '[NOT_IMPLEMENTED_ERROR]the stand-in does not know the hidden column __DORIS_DELETE_SIGN__',
    ],
    [
      'partial updates',
      { ...LINES, partial_columns: 'true' },
      '[NOT_IMPLEMENTED_ERROR]the stand-in does not know the header partial_columns: true',
    ],
  ])('refuses %s', async (_, options, text) => {
    expect(await refusal(options)).toBe(text);
  });

  it.each<readonly [string, ReadOptions]>([
    ['a format in capitals (test_stream_load.num_as_string)', { format: 'JSON' }],
    ['names in columns that the table does not have (test_json_load.case27)', { ...LINES, columns: 'id, nobody, x = nobody + 1' }],
    ['empty headers, which are absent ones', { ...LINES, columns: '', where: '', jsonpaths: '', partitions: '' }],
    ['a max_filter_ratio that is no number (reference 2.2: 0)', { ...LINES, max_filter_ratio: 'x' }],
  ])('accepts %s', async (_, options) => {
    expect(await refusal(options)).toBe('accepted');
  });

  it('refuses a table or database that does not exist', async () => {
    const engine = await engineWith();

    expect(() => engine.plan(TABLE, LINES)).toThrow('unknown table, tableName=t');
    expect(() => engine.plan({ database: 'nowhere', table: 't' }, LINES)).toThrow('unknown database, database=nowhere');
  });
});
