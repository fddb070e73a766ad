import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import { type DecodeRules, decodeKinesisEvent } from '../../../lib/source/kinesis.ts';
import { kinesisPosition, spellPosition } from '../../../lib/source/position.ts';
import type { Batch, DecodedRecord } from '../../../lib/source/record.ts';
import { bytes, mebibytes } from '../../../lib/units.ts';
import { type EventRecord, kinesisEvent, kplAggregate, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';

const RULES: DecodeRules = { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(16), keepFields: [] };

const decode = (records: readonly EventRecord[], rules: Partial<DecodeRules> = {}): Batch[] =>
  decodeKinesisEvent(kinesisEvent(records), { ...RULES, ...rules });
const only = (records: readonly EventRecord[], rules: Partial<DecodeRules> = {}): Batch => {
  const [batch, ...others] = decode(records, rules);
  if (batch === undefined || others.length > 0) throw new Error('not one batch');
  return batch;
};
const positionsOf = ({ records }: Batch): string[] => records.map(({ record }) => spellPosition(record.position));
const textOf = (decoded: DecodedRecord): string => (decoded.kind === 'row' ? Buffer.from(decoded.line).toString() : decoded.fault.reason);

describe('a Kinesis event', () => {
  it('becomes one batch of its shard, with what is known of each record', () => {
    expect(decode([{ sequenceNumber: '495', data: '{"a":1}', partitionKey: 'k', arrived: 1_545_084_650.987 }])).toEqual([
      {
        source: { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID },
        duplicates: 0,
        records: [
          {
            kind: 'row',
            line: Buffer.from('{"a":1}'),
            record: {
              position: kinesisPosition('495'),
              itemIdentifier: '495',
              partitionKey: 'k',
              arrivedAt: 1_545_084_650_987,
              payload: Buffer.from('{"a":1}'),
            },
          },
        ],
      },
    ]);
  });

  it('may be without partition keys, and may hold keys that nobody knows', () => {
    const event = { ...kinesisEvent([{ partitionKey: null }]), window: { start: 'x' }, isFinalInvokeForWindow: false };

    const [batch] = decodeKinesisEvent(event, RULES);
    expect(batch?.records[0]?.record).not.toHaveProperty('partitionKey');
  });

  it('without records is no batch', () => {
    expect(decode([])).toEqual([]);
  });

  it.each([
    ['nothing', undefined, 'event'],
    ['an SQS event', { Records: [{ eventSource: 'aws:sqs', body: '{}' }] }, 'Records.0.eventSource'],
    ['no records', {}, 'Records'],
    ['a sequence number with a leading zero', kinesisEvent([{ sequenceNumber: '0100' }]), 'Records.0.kinesis.sequenceNumber'],
    ['a sequence number of 130 digits', kinesisEvent([{ sequenceNumber: '9'.repeat(130) }]), 'Records.0.kinesis.sequenceNumber'],
    ['an ARN of another service', kinesisEvent([{ streamArn: 'arn:aws:sqs:eu-central-1:1:stream/x' }]), 'Records.0.eventSourceARN'],
    ['an arrival that no calendar has', kinesisEvent([{ arrived: 1e13 }]), 'Records.0.kinesis.approximateArrivalTimestamp'],
    ['an arrival before 1970', kinesisEvent([{ arrived: -1 }]), 'Records.0.kinesis.approximateArrivalTimestamp'],
  ])('that is none is refused as a whole, naming what is wrong: %s', (_what, event, path) => {
    const attempt = () => decodeKinesisEvent(event, RULES);

    expect(attempt).toThrow(ContractViolation);
    expect(attempt).toThrow(`not a Kinesis event: ${path}: `);
  });
});

describe('records of one shard', () => {
  it('are put in the order of their numbers, not of their digits', () => {
    expect(positionsOf(only([{ sequenceNumber: '100' }, { sequenceNumber: '99' }, { sequenceNumber: '1000' }]))).toEqual([
      '99',
      '100',
      '1000',
    ]);
  });

  it('come out once and in order, however the event orders and repeats them', () => {
    const numbers = fc.uniqueArray(fc.bigInt({ min: 0n, max: 10n ** 60n }), { minLength: 1, maxLength: 20 });
    const disorder = numbers.chain((distinct) =>
      fc
        .tuple(fc.constant(distinct), fc.array(fc.constantFrom(...distinct), { maxLength: 10 }))
        .chain(([all, more]) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...more], { minLength: all.length + more.length })),
        ),
    );
    fc.assert(
      fc.property(disorder, ([distinct, brought]) => {
        const batch = only(brought.map((number) => ({ sequenceNumber: String(number), data: `{"n":${number}}` })));

        expect(positionsOf(batch)).toEqual([...distinct].sort((a, b) => (a < b ? -1 : 1)).map(String));
        expect(batch.duplicates).toBe(brought.length - distinct.length);
      }),
    );
  });

  it('may not share a sequence number with other data: that breaks the promise that positions rest on', () => {
    expect(() =>
      decode([
        { sequenceNumber: '7', data: '{"a":1}' },
        { sequenceNumber: '7', data: '{"a":2}' },
      ]),
    ).toThrow(ContractViolation);
  });

  it('may not share a sequence number over enhanced fan-out at all, where Lambda gives user records of an aggregate the same one', () => {
    const twin = { sequenceNumber: '7', data: '{"a":1}', streamArn: `${STREAM_ARN}/consumer/fast:1545084650` };

    expect(() => decode([twin, twin])).toThrow(/KPL aggregates over enhanced fan-out have no position of their own/);
  });
});

describe('the identity of a source', () => {
  it('is the same for a stream read by itself and through a consumer of enhanced fan-out', () => {
    const [plain] = decode([{}]);
    const [fanOut] = decode([{ streamArn: `${STREAM_ARN}/consumer/fast:1545084650` }]);

    expect(fanOut?.source).toEqual(plain?.source);
  });

  it('is not shortened for a stream that is called consumer', () => {
    const arn = 'arn:aws:kinesis:eu-central-1:123456789012:stream/consumer';

    expect(only([{ streamArn: arn }]).source).toMatchObject({ stream: arn, streamName: 'consumer' });
    expect(only([{ streamArn: `${arn}/consumer/consumer:1` }]).source).toMatchObject({ stream: arn, streamName: 'consumer' });
  });

  it('keeps streams of one name in two accounts, and two shards of one stream, apart', () => {
    const other = STREAM_ARN.replace('123456789012', '999999999999');

    const batches = decode([{}, { streamArn: other }, { shard: 'shardId-000000000004' }, { streamArn: other }]);

    expect(batches.map(({ source, records }) => [source.stream, source.shard, records.length])).toEqual([
      [STREAM_ARN, SHARD_ID, 1],
      [other, SHARD_ID, 2],
      [STREAM_ARN, 'shardId-000000000004', 1],
    ]);
  });
});

describe('data that is not base64', () => {
  it.each(['{"a":1}', 'QQ==QQ==', 'QUJD\nQUJD', '====', 'Q'])('is a poison row that keeps the text as it came: %j', (text) => {
    const event = kinesisEvent([{}]);
    for (const { kinesis } of event.Records) kinesis.data = text;

    const [batch] = decodeKinesisEvent(event, RULES);
    expect(batch?.records).toMatchObject([{ kind: 'poison', fault: { errorClass: 'decode', reason: 'data is not base64' } }]);
    expect(Buffer.from(batch?.records[0]?.record.payload ?? []).toString()).toBe(text);
  });

  it('is not assumed: any bytes that Lambda encodes come through', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
        const [decoded] = only([{ data }]).records;

        expect(decoded?.record.payload).toEqual(Buffer.from(data));
        if (decoded?.kind === 'poison') expect(decoded.fault.reason).not.toBe('data is not base64');
      }),
    );
  });
});

describe('a record that is a KPL aggregate', () => {
  const rowsOf = (...texts: readonly string[]) => texts.map((text) => ({ key: 0, data: Buffer.from(text) }));

  it('becomes a record for each user record, with its own position and key and the aggregate as its item', () => {
    const data = kplAggregate(
      ['a', 'b'],
      [{ key: 1, data: Buffer.from('{"n":1}') }, { key: 0, data: gzipSync('{"n":2}') }, { data: Buffer.from('{') }],
    );

    const { records } = only([{ sequenceNumber: '495', data, partitionKey: 'outer' }]);

    expect(records.map(({ record }) => [spellPosition(record.position), record.itemIdentifier, record.partitionKey])).toEqual([
      ['495:0', '495', 'b'],
      ['495:1', '495', 'a'],
      ['495:2', '495', undefined],
    ]);
    expect(records.map(textOf)).toEqual(['{"n":1}', '{"n":2}', 'payload is not JSON']);
  });

  it('that is damaged is one poison row with the whole aggregate as its payload', () => {
    const data = kplAggregate(['a'], rowsOf('{}'));
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;

    const { records } = only([{ data }]);

    expect(records.map(textOf)).toEqual(['KPL aggregate whose MD5 digest does not match']);
    expect(records[0]?.record.payload).toEqual(data);
  });

  it('without user records is a poison row: nothing that came may vanish', () => {
    expect(only([{ data: kplAggregate(['a'], []) }]).records.map(textOf)).toEqual(['KPL aggregate without user records']);
  });

  it('inside an aggregate is not taken apart again', () => {
    const inner = kplAggregate(['a'], rowsOf('{}'));

    expect(only([{ data: kplAggregate(['a'], [{ key: 0, data: inner }]) }]).records.map(textOf)).toEqual(['payload is not valid UTF-8']);
  });

  it('of very many user records keeps them all, good rows being no matter of memory limits', () => {
    const data = kplAggregate(
      [],
      Array.from({ length: 50_000 }, () => ({ data: Buffer.from('{}') })),
    );

    const batch = only([{ data }], { maxBatchBytes: mebibytes(1) });

    expect(batch.records).toHaveLength(50_000);
    expect(batch.records.every(({ kind }) => kind === 'row')).toBe(true);
    expect(batch).not.toHaveProperty('leftFrom');
  });

  it('whose packed user records unpack to more than a batch may hold loses none: what is too much is dead-lettered packed', () => {
    const big = gzipSync(`{"a":"${'x'.repeat(400)}"}`);
    const data = kplAggregate([], [{ data: big }, { data: big }, { data: big }, { data: big }, { data: Buffer.from('{}') }]);

    const { records } = only([{ sequenceNumber: '5', data }], { maxBatchBytes: bytes(1000) });

    expect(records.map(({ kind }) => kind)).toEqual(['row', 'row', 'row', 'poison', 'row']);
    expect(records[3]).toMatchObject({
      record: { payload: big },
      fault: {
        errorClass: 'oversize',
        reason: 'the user records of its KPL aggregate unpack to more than the allowed 1000 bytes of a batch',
      },
    });
  });
});

describe('a batch that would outgrow memory', () => {
  const row = { data: `{"a":"${'x'.repeat(600)}"}` };

  it('is decoded up to the limit, and names the record from which it has to come again', () => {
    const batch = only([row, row, row, row], { maxBatchBytes: bytes(2000) });

    expect(positionsOf(batch)).toEqual(['100', '101']);
    expect(batch.leftFrom).toBe('102');
  });

  it('always brings at least one record, so that its shard moves', () => {
    const batch = only([row, row], { maxBatchBytes: bytes(1) });

    expect(positionsOf(batch)).toEqual(['100']);
    expect(batch.leftFrom).toBe('101');
  });

  it('counts what its records cost besides their bytes', () => {
    const tiny = Array.from({ length: 100 }, () => ({ data: '{}' }));

    expect(only(tiny, { maxBatchBytes: bytes(10_000) }).records.length).toBeLessThan(50);
  });

  it('counts what poison rows cost to unpack, not what they weigh', () => {
    const bomb = { data: gzipSync('['.repeat(mebibytes(1))) };

    const batch = only(
      Array.from({ length: 40 }, () => bomb),
      { maxBatchBytes: mebibytes(4) },
    );

    expect(batch.records.length).toBe(4);
    expect(batch.leftFrom).toBe('104');
  });

  it('brings every record in the end, batch by batch', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 5000 }), (sizes, limit) => {
        let event = sizes.map((size, index) => ({ sequenceNumber: String(index + 1), data: `{"a":"${'x'.repeat(size)}"}` }));
        const seen: string[] = [];
        while (event.length > 0) {
          const batch = only(event, { maxBatchBytes: bytes(limit) });
          seen.push(...positionsOf(batch));
          event = event.filter(({ sequenceNumber }) => batch.leftFrom !== undefined && BigInt(sequenceNumber) >= BigInt(batch.leftFrom));
        }

        expect(seen).toEqual(sizes.map((_, index) => String(index + 1)));
      }),
    );
  });
});
