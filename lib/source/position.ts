declare const brand: unique symbol;

/**
 * Where a record stands in its source shard. A string whose plain comparison (`<`) is the order of the shard, because digits are
 * zero-padded: a Kinesis sequence number has up to 129 digits (API pattern `0|([1-9]\d{0,128})`), far more than a JS or DynamoDB
 * number holds. A KPL user record adds `:` and its sub-sequence number.
 */
export type Position = string & { readonly [brand]: 'position' };

/** Digits of the longest sequence number that the Kinesis API allows. */
const SEQUENCE_DIGITS = 129;
/** Digits of a sub-sequence number: an aggregate of 10 MiB holds fewer than 10^8 user records. */
const SUB_SEQUENCE_DIGITS = 8;

/** What goes before a sequence number, by its digits. */
const ZEROS = Array.from({ length: SEQUENCE_DIGITS + 1 }, (_, digits) => '0'.repeat(SEQUENCE_DIGITS - digits));

/** @param sequenceNumber - as the event spells it, without leading zeros. @param subSequence - index of a KPL user record in its aggregate. */
export function kinesisPosition(sequenceNumber: string, subSequence?: number): Position {
  const padded = `${ZEROS[sequenceNumber.length]}${sequenceNumber}` as Position;
  return subSequence === undefined ? padded : subPosition(padded, subSequence);
}

/** @param aggregate - position of a KPL aggregate. @param subSequence - index of one of its user records. */
export function subPosition(aggregate: Position, subSequence: number): Position {
  return `${aggregate}:${String(subSequence).padStart(SUB_SEQUENCE_DIGITS, '0')}` as Position;
}

/** Digits of the largest Iggy offset, 2^64 - 1. */
const OFFSET_DIGITS = 20;

/** @param offset - of an Iggy message, as its envelope spells it. */
export function iggyPosition(offset: string): Position {
  return offset.padStart(OFFSET_DIGITS, '0') as Position;
}

/** The position as people and the source write it: `495...`, or `495...:3` for a KPL user record. */
export function spellPosition(position: Position): string {
  return position
    .split(':')
    .map((digits) => digits.replace(/^0+(?=\d)/, ''))
    .join(':');
}

const SHAPES = { kinesis: /^\d{129}(:\d{8})?$/, iggy: /^\d{20}$/ } as const;

/** Whether a text is a position as {@link kinesisPosition} or {@link iggyPosition} makes it: one of another source's length sorts before or behind all. */
export function isPosition(text: string, source: keyof typeof SHAPES): text is Position {
  return SHAPES[source].test(text);
}
