import { describe, expect, it } from 'vitest';
import { createTable, engineWith, load, read, rowsOf, STRICT_LINES } from './support.ts';

async function stored(type: string, json: string): Promise<unknown> {
  const engine = await engineWith(createTable(`id INT NULL, v ${type} NULL`));
  await load(engine, `{"id":1,"v":${json}}`);
  return (await rowsOf(engine, 'SELECT v FROM t'))[0]?.[0];
}

async function strictly(type: string, json: string): Promise<readonly string[]> {
  const engine = await engineWith(createTable(`id INT NULL, v ${type} NULL`));
  return (await read(engine, `{"id":1,"v":${json}}`, STRICT_LINES)).errorLines;
}

describe('a value (reference 9.8)', () => {
  it.each([
    ['BIGINT', '9223372036854775807', '9223372036854775807'],
    ['BIGINT', '-9223372036854775808', '-9223372036854775808'],
    ['LARGEINT', '-170141183460469231731687303715884105728', '-170141183460469231731687303715884105728'],
    ['DECIMAL(38,10)', '1234567890123456789012345678.0123456789', '1234567890123456789012345678.0123456789'],
    ['DECIMAL(18,4)', '0.1', '0.1000'],
    ['DECIMAL(9,2)', '1.005', '1.01'],
    ['DECIMAL(9,2)', '-1.25e1', '-12.50'],
    ['STRING', '12345678901234567890.50', '12345678901234567890.50'],
    ['DOUBLE', '1e-7', '1e-7'],
    ['FLOAT', '0.1', '0.1'],
    ['BOOLEAN', 'true', '1'],
    ['STRING', 'true', '1'],
    ['INT', 'false', '0'],
    ['DATE', '"2024-4-2"', '2024-04-02'],
    ['DATE', '"20240402"', '2024-04-02'],
    ['DATE', '"0000-01-01"', '0000-01-01'],
    ['DATETIME', '"2024-04-02 17:00:00"', '2024-04-02 17:00:00'],
    ['DATETIME', '"2022-12-01:09:30:31"', '2022-12-01 09:30:31'],
    ['DATETIME', '"9999-12-31T23:59:59"', '9999-12-31 23:59:59'],
    ['DATETIME(3)', '"2024-04-02 17:00:00.1236"', '2024-04-02 17:00:00.124'],
    ['JSON', '{"b": [1, "x  y"], "a": 1.50}', '{"b":[1,"x  y"],"a":1.50}'],
    ['JSON', '"{ \\"a\\" : 1 }"', '{"a":1}'],
    ['VARIANT', '"plain text"', '"plain text"'],
    ['ARRAY<INT>', '[1, 2]', '[1,2]'],
    ['STRING', '{"a": [1, 2]}', '{"a": [1, 2]}'],
    ['STRING', '"tab\\tnull\\u0000 \\u001c\\u001d\\u001e\\u001f end"', 'tab\tnull\0 \x1c\x1d\x1e\x1f end'],
    ['STRING', '""', ''],
    ['STRING', '"\\ud83d\\ude00 中"', '😀 中'],
  ])('for %s keeps %s as %s', async (type, json, text) => {
    expect(await stored(type, json)).toBe(text);
  });

  it('keeps a text of half a surrogate pair out, as no UTF-8 can hold it', async () => {
    const engine = await engineWith(createTable('id INT NULL, v STRING NULL'));

    const result = await read(engine, '{"id":1,"v":"\\ud83d"}');

    expect(result).toMatchObject({ loadedRows: 0, filteredRows: 1 });
  });
});

describe('an object in a VARIANT', () => {
  it('has keys of up to 255 bytes, at any depth', async () => {
    expect(await stored('VARIANT', `{"${'k'.repeat(255)}":[{"é":"${'v'.repeat(300)}: \\": "}]}`)).toContain('é');
  });

  it.each([`{"${'k'.repeat(256)}":1}`, `[{"a":{"${'é'.repeat(128)}":1}}]`])('with a longer one fails the whole load', async (json) => {
    const engine = await engineWith(createTable('id INT NULL, v VARIANT NULL'));

    await expect(read(engine, `{"id":1,"v":{}}\n{"id":2,"v":${json}}`)).rejects.toThrow(
      'Key length exceeds maximum allowed size of 255 bytes.',
    );
  });
});

describe('a value that is none of its type (reference 9.9)', () => {
  const misfits: readonly (readonly [string, string, string])[] = [
    ['INT', '2147483648', '2147483648'],
    ['TINYINT', '-129', '-129'],
    ['BIGINT', '9223372036854775808', '9223372036854775808'],
    ['INT', '"12x"', '12x'],
    ['DECIMAL(9,1)', '100000000.1', '100000000.1'],
    ['DATE', '"2023-02-29"', '2023-02-29'],
    ['DATETIME', '"2024-04-02 27:00:00"', '2024-04-02 27:00:00'],
    ['BOOLEAN', '"maybe"', 'maybe'],
    ['JSON', '"{broken"', '{broken'],
  ];

  it.each(misfits)('for %s turns %s into NULL without strict mode', async (type, json) => {
    expect(await stored(type, json)).toBeNull();
  });

  it.each(misfits)('for %s is filtered with its text in strict mode: %s', async (type, json, text) => {
    expect(await strictly(type, json)).toEqual([
      `Reason: column(v) value is incorrect while strict mode is true, src value is ${text}. src line [1 ${text}]; `,
    ]);
  });

  it('loses its fraction in an integer column, or its row in strict mode (test_stream_load_cast)', async () => {
    expect(await stored('INT', '3.99')).toBe('3');
    expect(await strictly('INT', '3.99')).toHaveLength(1);
  });

  it('costs the row when the column is NOT NULL', async () => {
    const engine = await engineWith(createTable('id INT NULL, v INT NOT NULL'));

    const result = await read(engine, '{"id":1,"v":"x"}\n{"id":2,"v":null}\n{"id":3}');

    const reason = 'column(v) values is null while columns is not nullable';
    expect(result.errorLines).toEqual([
      `Reason: ${reason}. src line [1 x]; `,
      `Reason: ${reason}. src line [2 NULL]; `,
      `Reason: ${reason}. src line [3 NULL]; `,
    ]);
  });
});

describe('a missing value (reference 9.7)', () => {
  it('takes the default of its column, and an explicit null does not', async () => {
    const engine = await engineWith(createTable("id INT NULL, a VARCHAR(9) NULL DEFAULT 'x', b INT NULL DEFAULT 3, c INT NULL"));

    await load(engine, '{"id":1}\n{"id":2,"a":null,"b":null}');

    expect(await rowsOf(engine, 'SELECT * FROM t ORDER BY id')).toEqual([
      ['1', 'x', '3', null],
      ['2', null, null, null],
    ]);
  });

  it('takes one and the same present in every row of a load for CURRENT_TIMESTAMP', async () => {
    const engine = await engineWith(createTable('id INT NULL, at DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP'));

    await load(engine, '{"id":1}\n{"id":2}');

    expect(await rowsOf(engine, 'SELECT count(DISTINCT at), count(at) FROM t')).toEqual([['1', '2']]);
  });
});

describe('a text longer than its column (reference 9.11, newer releases)', () => {
  it('is cut behind its last whole character without strict mode (test_utf8_varchar_truncation)', async () => {
    expect(await stored('VARCHAR(10)', '"中中中中"')).toBe('中中中');
    expect(await stored('CHAR(3)', '"abcdef"')).toBe('abc');
  });

  it('costs the row in strict mode, counted in bytes', async () => {
    expect(await strictly('VARCHAR(10)', '"中中中中"')).toEqual([
      'Reason: column_name[v], the length of input is too long than schema. first 32 bytes of input str: [中中中中] schema length: 10; actual length: 12; . src line []; ',
    ]);
    expect(await strictly('VARCHAR(12)', '"中中中中"')).toEqual([]);
  });
});
