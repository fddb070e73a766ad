import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBatch } from '../../../local/event-source-mapping/cut.ts';
import { envelopeBytes, eventSpeller, type ShardRecord } from '../../../local/event-source-mapping/kinesis-event.ts';

const source = {
  streamArn: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
  region: 'us-east-2',
  shardId: 'shardId-000000000006',
};
const speller = eventSpeller(source);
const readBack = (record: ShardRecord) => JSON.parse(speller.event([record])).Records[0];
const sequenceNumber = '49590338271490256608559692538361571095921575989136588898';

describe('the event', () => {
  it('has the shape of the Lambda guide, with the time in seconds', () => {
    const record = speller.measure({
      sequenceNumber,
      partitionKey: '1',
      data: Buffer.from('Hello, this is a test.').toString('base64'),
      arrivedAt: 1545084650987,
    });

    expect(JSON.parse(speller.event([record]))).toEqual({
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: '1',
            sequenceNumber,
            data: 'SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==',
            approximateArrivalTimestamp: 1545084650.987,
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: `shardId-000000000006:${sequenceNumber}`,
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: 'arn:aws:iam::000000000000:role/local-loader',
          awsRegion: 'us-east-2',
          eventSourceARN: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
        },
      ],
    });
  });

  it('leaves the partition key out where the stream distributes its records by itself', () => {
    const record = speller.measure({ sequenceNumber, partitionKey: undefined, data: '', arrivedAt: 0 });

    expect(readBack(record).kinesis).not.toHaveProperty('partitionKey');
  });

  it('is JSON whatever the key and the payload hold, and as long as it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (partitionKey, data) => {
        const record = speller.measure({ sequenceNumber, partitionKey, data: Buffer.from(data).toString('base64'), arrivedAt: 1 });

        const { kinesis } = readBack(record) as { kinesis: { partitionKey: string; data: string } };
        expect(kinesis.partitionKey).toBe(partitionKey);
        expect(Uint8Array.from(Buffer.from(kinesis.data, 'base64'))).toEqual(data);
        expect(record.bytes).toBe(Buffer.byteLength(speller.event([record])) - envelopeBytes);
      }),
    );
  });
});

describe('a cut', () => {
  const sized = (...bytes: readonly number[]) => bytes.map((size) => ({ bytes: size }));
  const sixMegabytes = 6 * 1024 * 1024;
  /** {"Records":[]} */
  const envelope = 14;

  it('takes the batch size and is full', () => {
    expect(cutBatch(sized(1, 1, 1), 2)).toEqual({ count: 2, isFull: true });
  });

  it('takes what there is and is not full', () => {
    expect(cutBatch(sized(1, 1, 1), 4)).toEqual({ count: 3, isFull: false });
  });

  it('takes nothing when there is nothing', () => {
    expect(cutBatch([], 4)).toEqual({ count: 0, isFull: false });
  });

  it('fills 6 MB to the byte, the envelope and the comma counted', () => {
    const half = (sixMegabytes - envelope - 2) / 2;

    expect(cutBatch(sized(half, half, 1), 100)).toEqual({ count: 2, isFull: true });
    expect(cutBatch(sized(half + 1, half, 1), 100)).toEqual({ count: 2, isFull: true });
    expect(cutBatch(sized(half + 1, half + 1, 1), 100)).toEqual({ count: 1, isFull: true });
  });

  it('lets a record go alone that is larger by itself', () => {
    expect(cutBatch(sized(sixMegabytes + 1, 1), 100)).toEqual({ count: 1, isFull: true });
  });

  it('never makes an event above 6 MB of records that fit by themselves', () => {
    const records = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 200 }), (sizes, batchSize) => {
        const { count } = cutBatch(sized(...sizes), batchSize);

        const event = envelope + sizes.slice(0, count).reduce((sum, size) => sum + size, 0) + count - 1;
        expect(count).toBeGreaterThan(0);
        expect(count).toBeLessThanOrEqual(batchSize);
        expect(event).toBeLessThanOrEqual(sixMegabytes);
      }),
    );
  });
});
