import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, type Member } from '../../../lib/plan/digest.ts';
import { iggyPosition, kinesisPosition } from '../../../lib/source/position.ts';

/** Every value behind its length, as the format of labels has it. */
function digestByDefinition(members: readonly Member[]): string {
  const values = members.flatMap(({ position, iggy }) => (iggy === undefined ? [position] : [position, iggy.id, iggy.timestamp]));
  return createHash('sha256')
    .update(values.map((value) => `${value.length}:${value}`).join(''))
    .digest('hex');
}

/** More than are hashed at once, and not a multiple of it. */
const MOST = 300;

const sequenceNumber = fc.oneof(
  fc.stringMatching(/^4959033827149025660855969[0-9]{31}$/),
  fc.stringMatching(/^[1-9][0-9]{0,128}$/),
  fc.constantFrom('0', '9'.repeat(129)),
);
const record = sequenceNumber.map((itemIdentifier) => ({ position: kinesisPosition(itemIdentifier), itemIdentifier }));
const userRecord = fc
  .tuple(sequenceNumber, fc.nat(99_999_999))
  .map(([itemIdentifier, sub]) => ({ position: kinesisPosition(itemIdentifier, sub), itemIdentifier }));
const message = fc
  .record({
    offset: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    id: fc.stringMatching(/^[0-9a-f]{32}$/),
    timestamp: fc.nat(),
    item: fc.uuid(),
  })
  .map(({ offset, id, timestamp, item }) => ({
    position: iggyPosition(String(offset)),
    itemIdentifier: item,
    iggy: { id, timestamp: String(timestamp) },
  }));

describe('a digest of members', () => {
  it.each([
    ['records', record],
    ['user records', userRecord],
    ['records and user records', fc.oneof(record, userRecord)],
    ['messages of Iggy', message],
  ])('is the SHA-256 of their identities, however many: %s', (_what, member) => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: MOST, size: 'max' }), (members) => {
        expect(digestOf(members)).toBe(digestByDefinition(members));
      }),
    );
  });

  it('is that of every run of sequence numbers, whose digits grow in the middle', () => {
    const numbers = Array.from({ length: MOST }, (_, index) => String(10 ** 15 - 200 + index));
    const members = numbers.map((itemIdentifier) => ({ position: kinesisPosition(itemIdentifier), itemIdentifier }));

    for (let end = 1; end <= MOST; end++) expect(digestOf(members.slice(0, end))).toBe(digestByDefinition(members.slice(0, end)));
  });
});
