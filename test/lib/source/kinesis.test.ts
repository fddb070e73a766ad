import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import { decodeKinesisEvent } from '../../../lib/source/kinesis.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { kinesisEvent, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';
import { decode, only, positionsOf, RULES } from './decoded-event.ts';

describe('a Kinesis event', () => {
  it('becomes one batch of its shard, with what is known of each record', () => {
    const batches = decode([{ sequenceNumber: '495', data: '{"a":1}', partitionKey: 'k', arrived: 1_545_084_650.987 }]);

    expect(batches).toMatchObject([
      {
        source: { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID },
        duplicates: 0,
        records: [
          {
            kind: 'row',
            isTerminated: true,
            record: {
              position: kinesisPosition('495'),
              itemIdentifier: '495',
              partitionKey: 'k',
              arrivedAt: 1_545_084_650_987,
            },
          },
        ],
      },
    ]);
    const [decoded] = batches[0]?.records ?? [];
    expect(decoded && bytesOf(decoded.record.payload).toString()).toBe('{"a":1}');
    expect(decoded?.kind === 'row' && bytesOf(decoded.line).toString()).toBe('{"a":1}');
  });

  it('may be without partition keys, and may hold keys that nobody knows', () => {
    const event = { ...kinesisEvent([{ partitionKey: null }]), window: { start: 'x' }, isFinalInvokeForWindow: false };

    const [batch] = decodeKinesisEvent(event, RULES);
    expect(batch?.records[0]?.record).not.toHaveProperty('partitionKey');
  });

  it('without records is no batch', () => {
    expect(decode([])).toEqual([]);
  });

  const secondWithId = (eventID: string) => {
    const [first, second] = kinesisEvent([{}, {}]).Records;
    return { Records: [first, { ...second, eventID }] };
  };

  it.each([
    ['nothing', undefined, 'event'],
    ['an SQS event', { Records: [{ eventSource: 'aws:sqs', body: '{}' }] }, 'Records.0.eventSource'],
    ['no records', {}, 'Records'],
    ['a sequence number with a leading zero', kinesisEvent([{ sequenceNumber: '0100' }]), 'Records.0.kinesis.sequenceNumber'],
    ['a sequence number of 130 digits', kinesisEvent([{ sequenceNumber: '9'.repeat(130) }]), 'Records.0.kinesis.sequenceNumber'],
    ['an ARN of another service', kinesisEvent([{ streamArn: 'arn:aws:sqs:eu-central-1:1:stream/x' }]), 'Records.0.eventSourceARN'],
    ['an arrival that no calendar has', kinesisEvent([{ arrived: 1e13 }]), 'Records.0.kinesis.approximateArrivalTimestamp'],
    ['a second record without a sequence number', kinesisEvent([{}, { sequenceNumber: 'x101' }]), 'Records.1.eventID'],
    ['a second record of no stream', kinesisEvent([{}, { streamArn: 'arn:aws:s3:::x' }]), 'Records.1.eventSourceARN'],
    ['a second record of no shard', kinesisEvent([{}, { shard: '' }]), 'Records.1.eventID'],
    ['a second record whose id ends with no number', secondWithId(`${SHARD_ID}:10x`), 'Records.1.eventID'],
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
    expect(batch?.records.map(({ record }) => bytesOf(record.payload).toString())).toEqual([text]);
  });

  it('is not assumed: any bytes that Lambda encodes come through', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
        const [decoded] = only([{ data }]).records;

        expect(decoded && bytesOf(decoded.record.payload)).toEqual(Buffer.from(data));
        if (decoded?.kind === 'poison') expect(decoded.fault.reason).not.toBe('data is not base64');
      }),
    );
  });
});
