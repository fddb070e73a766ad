import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startDoris } from '../../local/doris/start.ts';
import { kinesisEvent, kplAggregate, SHARD_ID, STREAM_ARN } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

let stack: LocalStack;

beforeAll(async () => {
  stack = await startLocalStack();
});
afterAll(() => stack.close());
beforeEach(async () => {
  await stack.letters();
});

const COLUMNS = {
  DORIS_TABLE: 'orders',
  DORIS_POSITION_COLUMNS: 'source=_source,shard=_shard,position=_position,arrived_at=_arrived_at',
  DORIS_LONG_NUMBERS: 'quote',
};
const PROPERTIES = 'DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1"';
const position = (sequence: string, sub?: number) =>
  sequence.padStart(129, '0') + (sub === undefined ? '' : `:${String(sub).padStart(8, '0')}`);

const PAGE = readFileSync(new URL('../../docs/columns.md', import.meta.url), 'utf8');

/** The one SQL statement of docs/columns.md that holds this text, for one backend. */
function documented(text: string): string {
  const statements = [...PAGE.matchAll(/```sql\n(.*?);\n```/gs)].flatMap(([, statement]) => statement ?? []);
  const found = statements.filter((statement) => statement.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} statements of docs/columns.md hold ${text}`);
  return String(found[0]).replace('"replication_num" = "3"', '"replication_num" = "1"');
}

async function rowsOf(sql: string): Promise<string[][]> {
  return (await stack.select(sql)).map((row) => row.map(String));
}

function aggregateOf(...texts: readonly string[]): Buffer {
  return kplAggregate(
    [],
    texts.map((text) => ({ data: Buffer.from(text) })),
  );
}

async function invoke(records: Parameters<typeof kinesisEvent>[0], env: Readonly<Record<string, string>>) {
  const result = await stack.startFunction(env).invoke(JSON.stringify(kinesisEvent(records)));
  return result.kind === 'returned' ? JSON.parse(result.payload) : result;
}

describe('a table that maps the position columns', () => {
  beforeEach(async () => {
    await stack.select('DROP TABLE IF EXISTS orders');
    await stack.select(documented('CREATE TABLE orders'));
  });

  it('tells of every row where it came from, and holds every digit of its decimals', async () => {
    const records = [
      {
        sequenceNumber: '9',
        data: '{"id":9223372036854775807,"amount":1234567890.0987654321,"_shard":"mine"}',
        arrived: 1_795_230_000.123,
      },
      { sequenceNumber: '10', data: aggregateOf('{"id":2}', '{}'), arrived: 1.501 },
    ];

    expect(await invoke(records, COLUMNS)).toEqual({ batchItemFailures: [] });

    const columns = 'CAST(id AS STRING), CAST(amount AS STRING), _source, _shard, _position, CAST(_arrived_at AS STRING)';
    expect(await stack.select(`SELECT ${columns} FROM orders ORDER BY _position`)).toEqual([
      ['9223372036854775807', '1234567890.0987654321', STREAM_ARN, SHARD_ID, position('9'), '2026-11-21 03:00:00.123'],
      ['2', null, STREAM_ARN, SHARD_ID, position('10', 0), '1970-01-01 00:00:01.501'],
    ]);
    expect((await stack.rawLetters()).map(({ body, attributes }) => [attributes['position'], body])).toEqual([['10:1', '{}']]);
  });

  it('shows doubles to the documented query', async () => {
    const record = { sequenceNumber: '100', data: '{"id":1}' };
    await invoke([record, { sequenceNumber: '101', data: '{"id":1}' }], COLUMNS);
    // A loader with progress of its own, as after a ledger that was lost.
    await invoke([record], { ...COLUMNS, LABEL_PREFIX: 'second' });

    expect(await rowsOf(documented('HAVING COUNT(*) > 1'))).toEqual([[STREAM_ARN, SHARD_ID, position('100'), '2']]);
  });

  it('shows the records of each hour to the documented query, an aggregate once', async () => {
    const hour = 1_795_230_000;
    const records = [
      { sequenceNumber: '400', data: aggregateOf('{"id":1}', '{"id":2}'), arrived: hour },
      { sequenceNumber: '401', data: '{"id":3}', arrived: hour + 3599.999 },
      { sequenceNumber: '402', data: '{"id":4}', arrived: hour + 3600 },
    ];

    await invoke(records, COLUMNS);

    expect((await rowsOf(documented('DATE_FORMAT'))).toSorted()).toEqual([
      [STREAM_ARN, '2026-11-21 03:00', '2'],
      [STREAM_ARN, '2026-11-21 04:00', '1'],
    ]);
  });

  it('shows aggregates of which a user record is missing to the documented query', async () => {
    const records = [
      { sequenceNumber: '500', data: aggregateOf('{"id":1}', '{"id":2}') },
      { sequenceNumber: '501', data: aggregateOf('{"id":3}', 'poison', '{"id":4}') },
      { sequenceNumber: '502', data: '{"id":5}' },
    ];

    await invoke(records, COLUMNS);

    expect(await rowsOf(documented('LENGTH'))).toEqual([[SHARD_ID, position('501'), '2']]);
  });
});

describe('a Doris that takes JSON decimals for doubles', () => {
  const amounts = async (longNumbers: string) => {
    const doris = await startDoris({ user: 'loader', password: 'local-only', behaviour: { jsonDecimals: 'rounded' } });
    onTestFinished(() => doris.close());
    await doris.query('CREATE DATABASE demo');
    await doris.query(`CREATE TABLE paid (id BIGINT NOT NULL, amount DECIMAL(38,10) NULL) DUPLICATE KEY(id) ${PROPERTIES})`, 'demo');
    const env = { DORIS_FE_URLS: doris.feUrl, DORIS_TABLE: 'paid', DORIS_LONG_NUMBERS: longNumbers, LABEL_PREFIX: longNumbers };

    await invoke([{ sequenceNumber: '200', data: '{"id":9223372036854775807,"amount":1234567890.0987654321}' }], env);

    return (await doris.query('SELECT id, amount FROM paid', 'demo')).rows;
  };

  it('gets every digit of a 20-digit decimal when long numbers are quoted', async () => {
    expect(await amounts('quote')).toEqual([['9223372036854775807', '1234567890.0987654321']]);
  });

  it('rounds it when they are kept', async () => {
    expect(await amounts('keep')).toEqual([['9223372036854775807', '1234567890.0987654000']]);
  });
});

describe('a UNIQUE KEY table with a sequence', () => {
  beforeEach(async () => {
    await stack.select('DROP TABLE IF EXISTS accounts');
    await stack.select(documented('CREATE TABLE accounts'));
  });

  it('never goes back when older records come again', async () => {
    const env = { DORIS_TABLE: 'accounts', DORIS_SEQUENCE_COLUMN: 'version' };
    const older = { sequenceNumber: '600', data: '{"id":1,"version":1,"balance":10}' };

    await invoke([older, { sequenceNumber: '601', data: '{"id":1,"version":2,"balance":20}' }], env);
    await invoke([older], { ...env, LABEL_PREFIX: 'replay' });

    expect(await rowsOf('SELECT id, version FROM accounts')).toEqual([['1', '2']]);
  });

  it('of which the function knows nothing takes no load, and no record is dead-lettered for that', async () => {
    const answer = await invoke([{ sequenceNumber: '700', data: '{"id":1,"version":1}' }], { DORIS_TABLE: 'accounts' });

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '700' }] });
    expect(await stack.letters()).toEqual([]);
  });
});

describe('times that name a zone', () => {
  it('are stored in the zone that is set, and times without one as they are', async () => {
    await stack.select('DROP TABLE IF EXISTS visits');
    await stack.select(`CREATE TABLE visits (id BIGINT NOT NULL, at DATETIME NULL) DUPLICATE KEY(id) ${PROPERTIES})`);
    const records = ['2026-07-01T12:00:00Z', '2026-01-01 12:00:00+02:00', '2026-01-01 12:00:00'].map((at, n) => ({
      sequenceNumber: String(800 + n),
      data: JSON.stringify({ id: n, at }),
    }));

    await invoke(records, { DORIS_TABLE: 'visits', DORIS_TIME_ZONE: 'America/New_York' });

    expect(await rowsOf('SELECT id, CAST(at AS STRING) FROM visits ORDER BY id')).toEqual([
      ['0', '2026-07-01 08:00:00'],
      ['1', '2026-01-01 05:00:00'],
      ['2', '2026-01-01 12:00:00'],
    ]);
  });
});
