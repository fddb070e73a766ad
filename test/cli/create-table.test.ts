import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from '../../cli/design/observe.ts';
import { designTable } from '../../cli/design/table.ts';
import { type CliStack, startCliStack } from './fixture.ts';
import { runCli } from './run.ts';

let folder: string;
let samples = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sample-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function sampleFile(...lines: readonly string[]): string {
  const path = join(folder, `${samples++}.ndjson`);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

function columnsOf(...lines: readonly string[]) {
  const rows = lines.map((text, index) => ({ line: index + 1, text, fields: JSON.parse(text) }));
  return designTable(observe(rows), { unique: false, positionColumns: {} });
}

const typeOf = (...values: readonly string[]) =>
  columnsOf(...values.map((value) => `{"k":1,"v":${value}}`)).columns.find(({ name }) => name === 'v')?.type;

describe('the type of a column', () => {
  it.each([
    [['1', '-2', 'null'], 'BIGINT'],
    [['9223372036854775807'], 'BIGINT'],
    [['9223372036854775808'], 'LARGEINT'],
    [['1'.padEnd(60, '0')], 'STRING'],
    [['1', '2.25'], 'DECIMAL(11,4)'],
    [['1e300', '1'], 'DOUBLE'],
    [['true', 'false'], 'BOOLEAN'],
    [['"2026-02-28"'], 'DATE'],
    [['"2026-02-28 10:00:00"'], 'DATETIME'],
    [['"2026-02-28T10:00:00.123456789Z"'], 'DATETIME(6)'],
    [['"2026-02-31T10:00:00"', '"soon"'], 'VARCHAR(128)'],
    [['"x"'], 'VARCHAR(32)'],
    [['"äöüäöüäöü"'], 'VARCHAR(128)'],
    [['{"a":1}'], 'VARIANT'],
    [['[1,2]', '[]'], 'ARRAY<BIGINT>'],
    [['["a"]'], 'ARRAY<STRING>'],
    [['[1,"a"]'], 'VARIANT'],
    [['1', '"one"'], 'VARIANT'],
    [['null'], 'VARIANT'],
  ])('of %j is %s', (values, type) => {
    expect(typeOf(...values)).toBe(type);
  });
});

describe('the key of a table', () => {
  it('is a moment and what names a thing, first among the columns, where every row has them', () => {
    const { key, spread, columns } = columnsOf(
      '{"note":"a","orderId":7,"at":"2026-01-01T00:00:00Z"}',
      '{"note":null,"orderId":8,"at":"2026-01-01T00:00:01Z"}',
    );

    expect({ key, spread }).toEqual({ key: ['at', 'orderId'], spread: 'orderId' });
    expect(columns.map(({ name, nullable }) => [name, nullable])).toEqual([
      ['at', false],
      ['orderId', false],
      ['note', true],
    ]);
  });

  it('leaves a field out that some row lacks', () => {
    expect(columnsOf('{"id":1,"n":1}', '{"n":2}').key).toEqual(['n']);
  });

  it('is none when nothing is fit for it', () => {
    expect(columnsOf('{"a":{}}').key).toEqual([]);
  });
});

describe('fields that differ in case only', () => {
  it('get one column, and the table says so', () => {
    const { columns, reasons } = columnsOf('{"id":1,"Id":2}');

    expect(columns.map(({ name }) => name)).toEqual(['id']);
    expect(reasons).toContainEqual(expect.stringContaining('field "Id" gets no column'));
  });
});

describe('create-table', () => {
  let stack: CliStack;
  beforeAll(async () => {
    stack = await startCliStack();
  });
  afterAll(() => stack.close());

  const LINES = [
    '{"at":"2026-03-01T12:00:00.123Z","order_id":12345678901234567,"amount":12.50,"note":"hello","ok":true,"tags":["a"],"who":{"x":1},"mixed":1}',
    '{"at":"2026-03-01T12:00:01Z","order_id":2,"amount":3,"note":null,"ok":false,"tags":[],"who":{},"mixed":"two"}',
  ];

  it('prints a statement that Doris takes, for a table that the sample fits', async () => {
    const from = sampleFile(...LINES);
    const columns = { DORIS_POSITION_COLUMNS: 'source=_source,shard=_shard,position=_position,arrived_at=_arrived_at' };
    const { code, stdout } = await runCli(['create-table', '--from', from, '--table', 'demo.orders', '--replicas', '1', '--json'], columns);

    expect(code).toBe(0);
    await stack.select(JSON.parse(stdout).ddl);
    const env = { ...stack.env, ...columns, DORIS_TABLE: 'orders', DORIS_TIME_ZONE: 'UTC' };
    const checked = await runCli(['doctor', '--sample', from, '--json'], env);
    expect({
      code: checked.code,
      schema: JSON.parse(checked.stdout).findings.filter(({ check }: { readonly check: string }) => check === 'schema'),
    }).toEqual({
      code: 0,
      schema: [expect.objectContaining({ verdict: 'ok', what: '12 columns; 2 sample rows fit' })],
    });
  });

  it('gives a reason for each column to people', async () => {
    const { stdout } = await runCli(['create-table', '--from', sampleFile(...LINES), '--table', 'orders']);

    expect(stdout).toContain('  `amount` DECIMAL(12,4) NULL, -- fractions with up to 2 digits, kept exactly');
    expect(stdout).toContain('DUPLICATE KEY(`at`, `order_id`)');
  });

  it('keeps one row a key when it is told which', async () => {
    const from = sampleFile(...LINES);

    expect((await runCli(['create-table', '--from', from, '--table', 'o', '--unique', '--key', 'order_id'])).stdout).toContain(
      'UNIQUE KEY(`order_id`)',
    );
    const refused = await runCli(['create-table', '--from', from, '--table', 'o', '--unique', '--key', 'who']);
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({ code: 2, stderr: '--key who: Doris takes no VARIANT as a key\n' });
  });

  it('names the line of a sample that is no JSON object', async () => {
    const { code, stderr } = await runCli(['create-table', '--from', sampleFile('{"a":1}', '[1]'), '--table', 'o']);

    expect(code).toBe(2);
    expect(stderr).toMatch(/:2: is no JSON object; a sample has one JSON object a line$/m);
  });
});
