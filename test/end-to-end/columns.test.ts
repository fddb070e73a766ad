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
  DORIS_POSITION_COLUMNS: 'source=_source,shard=_shard,position=_position,arrived_at=_arrived_at',
  DORIS_LONG_NUMBERS: 'quote',
};
const POSITION_COLUMNS =
  '_source VARCHAR(512) NOT NULL, _shard VARCHAR(128) NOT NULL, _position VARCHAR(138) NOT NULL, _arrived_at DATETIME(3) NOT NULL';
const PROPERTIES = 'DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1"';
const position = (sequence: string, sub?: number) =>
  sequence.padStart(129, '0') + (sub === undefined ? '' : `:${String(sub).padStart(8, '0')}`);

async function invoke(records: Parameters<typeof kinesisEvent>[0], env: Readonly<Record<string, string>>) {
  const result = await stack.startFunction(env).invoke(JSON.stringify(kinesisEvent(records)));
  return result.kind === 'returned' ? JSON.parse(result.payload) : result;
}

describe('a table that maps the position columns', () => {
  it('tells of every row where it came from, and holds every digit of its decimals', async () => {
    await stack.select(
      `CREATE TABLE audited (id BIGINT NOT NULL, amount DECIMAL(38,10) NULL, ${POSITION_COLUMNS}) DUPLICATE KEY(id) ${PROPERTIES})`,
    );
    const aggregate = kplAggregate(
      [],
      ['{"id":2}', '{}'].map((text) => ({ data: Buffer.from(text) })),
    );
    const records = [
      {
        sequenceNumber: '9',
        data: '{"id":9223372036854775807,"amount":1234567890.0987654321,"_shard":"mine"}',
        arrived: 1_795_230_000.123,
      },
      { sequenceNumber: '10', data: aggregate, arrived: 1.501 },
    ];

    expect(await invoke(records, { ...COLUMNS, DORIS_TABLE: 'audited' })).toEqual({ batchItemFailures: [] });

    expect(
      await stack.select(
        'SELECT CAST(id AS STRING), CAST(amount AS STRING), _source, _shard, _position, CAST(_arrived_at AS STRING) FROM audited ORDER BY _position',
      ),
    ).toEqual([
      ['9223372036854775807', '1234567890.0987654321', STREAM_ARN, SHARD_ID, position('9'), '2026-11-21 03:00:00.123'],
      ['2', null, STREAM_ARN, SHARD_ID, position('10', 0), '1970-01-01 00:00:01.501'],
    ]);
    expect((await stack.rawLetters()).map(({ body, attributes }) => [attributes['position'], body])).toEqual([['10:1', '{}']]);
  });

  it('shows doubles to SQL', async () => {
    await stack.select(`CREATE TABLE suspects (id BIGINT NOT NULL, ${POSITION_COLUMNS}) DUPLICATE KEY(id) ${PROPERTIES})`);
    const record = { sequenceNumber: '100', data: '{"id":1}' };
    const env = { ...COLUMNS, DORIS_TABLE: 'suspects' };

    await invoke([record, { sequenceNumber: '101', data: '{"id":1}' }], env);
    // A loader with progress of its own, as after a ledger that was lost.
    await invoke([record], { ...env, LABEL_PREFIX: 'second' });

    const doubles = 'SELECT _source, _shard, _position, count(*) FROM suspects GROUP BY _source, _shard, _position HAVING count(*) > 1';
    expect(await stack.select(doubles)).toEqual([[STREAM_ARN, SHARD_ID, position('100'), '2']]);
  });

  it('shows aggregates of which a user record is missing to SQL', async () => {
    await stack.select(`CREATE TABLE aggregated (id BIGINT NOT NULL, ${POSITION_COLUMNS}) DUPLICATE KEY(id) ${PROPERTIES})`);
    const aggregate = (...texts: readonly string[]) =>
      kplAggregate(
        [],
        texts.map((text) => ({ data: Buffer.from(text) })),
      );
    const records = [
      { sequenceNumber: '500', data: aggregate('{"id":1}', '{"id":2}') },
      { sequenceNumber: '501', data: aggregate('{"id":3}', 'poison', '{"id":4}') },
      { sequenceNumber: '502', data: '{"id":5}' },
    ];

    await invoke(records, { ...COLUMNS, DORIS_TABLE: 'aggregated' });

    const gaps = `SELECT _shard, substr(_position, 1, 129) AS aggregate_at, count(*) AS present, CAST(max(substr(_position, 131)) AS INT) + 1 AS at_least
      FROM aggregated WHERE length(_position) > 129
      GROUP BY _source, _shard, substr(_position, 1, 129)
      HAVING count(DISTINCT _position) <= CAST(max(substr(_position, 131)) AS INT)`;
    expect((await stack.select(gaps)).map((row) => row.map(String))).toEqual([[SHARD_ID, position('501'), '2', '3']]);
  });
});

describe('a Doris that takes JSON decimals for doubles', () => {
  const amounts = async (longNumbers: string) => {
    const doris = await startDoris({ user: 'loader', password: 'local-only', behaviour: { jsonDecimals: 'rounded' } });
    onTestFinished(() => doris.close());
    await doris.query('CREATE DATABASE demo');
    await doris.query(`CREATE TABLE paid (id BIGINT NOT NULL, amount DECIMAL(38,10) NULL) DUPLICATE KEY(id) ${PROPERTIES})`, 'demo');
    const env = { DORIS_FE_URLS: doris.feUrl, DORIS_TABLE: 'paid', DORIS_LONG_NUMBERS: longNumbers, LABEL_PREFIX: longNumbers };

    await invoke([{ sequenceNumber: '400', data: '{"id":9223372036854775807,"amount":1234567890.0987654321}' }], env);

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
  it('never goes back when older records come again', async () => {
    await stack.select(
      `CREATE TABLE latest (id BIGINT NOT NULL, version BIGINT NULL, name VARCHAR(8) NULL) UNIQUE KEY(id) ${PROPERTIES}, "function_column.sequence_type" = "bigint")`,
    );
    const env = { DORIS_TABLE: 'latest', DORIS_SEQUENCE_COLUMN: 'version' };
    const older = { sequenceNumber: '200', data: '{"id":1,"version":1,"name":"older"}' };

    await invoke([older, { sequenceNumber: '201', data: '{"id":1,"version":2,"name":"newer"}' }], env);
    await invoke([older], { ...env, LABEL_PREFIX: 'replay' });

    expect(await stack.select('SELECT * FROM latest')).toEqual([['1', '2', 'newer']]);
  });

  it('of which the function knows nothing takes no load, and no record is dead-lettered for that', async () => {
    await stack.select(
      `CREATE TABLE strict (id BIGINT NOT NULL, version BIGINT NULL) UNIQUE KEY(id) ${PROPERTIES}, "function_column.sequence_type" = "bigint")`,
    );

    const answer = await invoke([{ sequenceNumber: '300', data: '{"id":1,"version":1}' }], { DORIS_TABLE: 'strict' });

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '300' }] });
    expect(await stack.letters()).toEqual([]);
  });
});
