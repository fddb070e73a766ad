import { createRequire } from 'node:module';
import fc from 'fast-check';
import { checkTypes, checkValidations } from 'kinesalite/validations/index.js';
import { describe, expect, it } from 'vitest';
import { checkPutSize } from '../../../local/aws/kinesis/put-size.ts';
import { isSoundPut } from '../../../local/aws/kinesis/sound-put.ts';

const { types, custom } = createRequire(import.meta.url)('kinesalite/validations/putRecords.js') as { types: object; custom: unknown };

/** @returns what the checks that the proof stands in for leave of the input. */
function checked(input: object): object {
  const left = checkTypes(structuredClone(input), types);
  checkValidations(left, types, custom, 'PutRecords');
  checkPutSize(left);
  return left;
}

const sound = { StreamName: 'clicks', Records: [{ Data: 'YWI=', PartitionKey: 'key' }] };
const withRecord = (record: unknown) => ({ ...sound, Records: [record] });

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.string({ unit: fc.constantFrom('A', 'b', '+', '/', '=', '-', '_', ' ', 'ä'), maxLength: 12 }),
  fc.constantFrom(null, 7, undefined),
);
const record = fc.record(
  { Data: payload, PartitionKey: fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom(null, 7)), Other: fc.string() },
  { requiredKeys: [] },
);

describe('a put that counts as sound', () => {
  it('passes the checks of kinesalite and loses nothing to them', () => {
    const puts = fc.record({ StreamName: fc.oneof(fc.constant('clicks'), fc.string()), Records: fc.array(record, { maxLength: 3 }) });
    fc.assert(
      fc.property(puts, (put) => {
        fc.pre(isSoundPut(put));

        const kept = put.Records.map(({ Data, PartitionKey }) => ({ Data, PartitionKey }));
        expect(checked(put)).toEqual({ StreamName: put.StreamName, Records: kept });
      }),
    );
  });

  it('is every put of payloads in base64 under keys of 1 to 256 characters', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(payloads, fc.string({ unit: 'binary', minLength: 1, maxLength: 128 }), (bytes, PartitionKey) => {
        const Records = bytes.map((each) => ({ Data: Buffer.from(each).toString('base64'), PartitionKey }));

        expect(isSoundPut({ StreamName: 'clicks', Records })).toBe(true);
      }),
    );
  });
});

describe('a put that the checks of kinesalite refuse', () => {
  it.each([
    ['of no stream', { Records: sound.Records }],
    ['of a stream with a blank in its name', { ...sound, StreamName: 'my clicks' }],
    ['of no records', { ...sound, Records: [] }],
    ['of 501 records', { ...sound, Records: Array.from({ length: 501 }, () => sound.Records[0]) }],
    ['of records that are no list', { ...sound, Records: { 0: sound.Records[0] } }],
    ['without payload', withRecord({ PartitionKey: 'key' })],
    ['without key', withRecord({ Data: 'YWI=' })],
    ['with an empty key', withRecord({ Data: 'YWI=', PartitionKey: '' })],
    ['with a key of 257 characters', withRecord({ Data: 'YWI=', PartitionKey: 'k'.repeat(257) })],
    ['with a payload that is a number', withRecord({ Data: 7, PartitionKey: 'key' })],
    ['with base64 without its padding', withRecord({ Data: 'YWI', PartitionKey: 'key' })],
    ['with base64 for addresses of the web', withRecord({ Data: '-_-_', PartitionKey: 'key' })],
    ['with base64 that ends in bits of no byte', withRecord({ Data: 'YWJ=', PartitionKey: 'key' })],
    ['of more than a mebibyte with its key', withRecord({ Data: Buffer.alloc(1024 * 1024 - 2).toString('base64'), PartitionKey: 'key' })],
    [
      'of more than ten mebibytes',
      { ...sound, Records: Array.from({ length: 11 }, () => ({ Data: Buffer.alloc(1_000_000).toString('base64'), PartitionKey: 'key' })) },
    ],
  ])('does not count as sound: %s', (_, put) => {
    expect(() => checked(put)).toThrow();
    expect(isSoundPut(put)).toBe(false);
  });

  it('does not count as sound with a hash key beside the partition key, which is for them to judge', () => {
    expect(isSoundPut(withRecord({ Data: 'YWI=', PartitionKey: 'key', ExplicitHashKey: '01' }))).toBe(false);
  });
});
