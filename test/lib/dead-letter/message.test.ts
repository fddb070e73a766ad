import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../lib/dead-letter/letter.ts';
import { inlineBody, type LetterMessage, messageOf, omittedBody, sizeOf } from '../../../lib/dead-letter/message.ts';
import { readMessage } from '../../../lib/dead-letter/read.ts';
import type { Label } from '../../../lib/plan/label.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { epochMillis } from '../../../lib/units.ts';
import { aLetter } from './letters.ts';

const attributesOf = ({ MessageAttributes }: LetterMessage): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));
const textsOf = (message: LetterMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(attributesOf(message)).map(([name, text = '']) => [name, text]));
const contextOf = (message: LetterMessage): Record<string, unknown> =>
  JSON.parse(attributesOf(message)['context'] ?? '') as Record<string, unknown>;
const messageFor = (letter: DeadLetter): LetterMessage => messageOf(letter, inlineBody(bytesOf(letter.record.payload)));
const codePoints = (text: string | undefined): number => Array.from(text ?? '').length;

/** SQS: #x9 #xA #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF. */
const isSqsText = (text: string): boolean =>
  Array.from(text).every((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return code === 9 || code === 10 || code === 13;
    return code < 0xd800 || (code > 0xdfff && code !== 0xfffe && code !== 0xffff);
  });

describe('the body of a dead letter', () => {
  it('is the payload itself where SQS takes its characters, emoji, tabs and line breaks included', () => {
    const text = '\ufeff{"a":"😀\t\r\n\u0085\ufffd\u{10ffff}"';

    expect(inlineBody(Buffer.from(text))).toEqual({ encoding: 'utf8', text });
  });

  it.each([
    ['a NUL', Buffer.from('{"a":"\0"}')],
    ['an escape', Buffer.from('\u001b[31m')],
    ['U+FFFE', Buffer.from('\ufffe')],
    ['U+FFFF', Buffer.from('x\uffff')],
    ['no UTF-8', Buffer.from([0xff, 0x00])],
    ['an encoded surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ])('is base64 where it does not: %s', (_what, payload) => {
    expect(inlineBody(payload)).toEqual({ encoding: 'base64', text: payload.toString('base64') });
  });

  it('gives the payload back byte for byte, in characters that SQS takes and never empty', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ minLength: 1 }),
          fc.string({ unit: 'binary', minLength: 1 }).map((text) => Buffer.from(text)),
        ),
        (payload) => {
          const { encoding, text } = inlineBody(payload);

          expect(isSqsText(text)).toBe(true);
          expect(text).not.toBe('');
          expect(Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8').equals(payload)).toBe(true);
        },
      ),
    );
  });

  it('says so where there is nothing to send: SQS takes no empty body', () => {
    expect(inlineBody(Buffer.alloc(0))).toEqual({ encoding: 'omitted', text: 'payload omitted, 0 bytes' });
    expect(omittedBody(Buffer.alloc(1_258_291))).toEqual({ encoding: 'omitted', text: 'payload omitted, 1258291 bytes' });
  });

  it('may be very long without being costly to check', () => {
    expect(inlineBody(Buffer.from('😀'.repeat(2_000_000))).encoding).toBe('utf8');
    expect(inlineBody(Buffer.from(`${'a'.repeat(8_000_000)}\0`)).encoding).toBe('base64');
  });
});

describe('the attributes of a dead letter', () => {
  it('are the ten of the contract', () => {
    const message = messageFor(
      aLetter({
        fault: { errorClass: 'data-quality', reason: 'column(a) values is null', errorUrl: 'http://be:8040/api/_load_error_log?file=x' },
        label: 'doris-orders-3-495-1-1abc' as Label,
        attempts: 2,
      }),
    );

    expect(attributesOf(message)).toEqual({
      errorClass: 'data-quality',
      reason: 'column(a) values is null',
      source: 'kinesis',
      stream: 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders',
      shard: 'shardId-000000000003',
      position: '495:3',
      target: 'shop.orders',
      label: 'doris-orders-3-495-1-1abc',
      failedAt: '2026-11-20T12:00:00.000Z',
      context: expect.any(String),
    });
    expect(contextOf(message)).toEqual({
      version: 1,
      encoding: 'utf8',
      partitionKey: 'customer-7',
      arrivedAt: '2026-11-20T11:59:58.500Z',
      errorUrl: 'http://be:8040/api/_load_error_log?file=x',
      attempts: 2,
    });
  });

  it('tell by which position columns a row would be found that may be in its table, and are read back with them', () => {
    const message = messageFor(aLetter({ fault: { errorClass: 'unverifiable', reason: 'r' }, columns: '_source,_shard,_position' }));

    expect(contextOf(message)['columns']).toBe('_source,_shard,_position');
    expect(readMessage({ messageId: 'm', body: message.MessageBody, attributes: textsOf(message) })).toMatchObject({
      kind: 'letter',
      columns: '_source,_shard,_position',
    });
  });

  it.each([
    ['0'.repeat(31), 'foreign'],
    [`${'0'.repeat(31)}\u0130`, 'foreign'],
    ['0123456789abcdef'.repeat(2), 'letter'],
  ])('are read back only with an id of an Iggy message that is one, since labels are made of it: %s', (id, kind) => {
    const letter = aLetter();
    const message = messageFor({ ...letter, record: { ...letter.record, iggy: { id, timestamp: '1' } } });

    expect(readMessage({ messageId: 'm', body: message.MessageBody, attributes: textsOf(message) }).kind).toBe(kind);
  });

  it('leave out of the context what is not known, and name no label where there was no load', () => {
    const letter = aLetter();
    const { partitionKey: _none, ...record } = letter.record;
    const message = messageFor({ ...letter, record });

    expect(attributesOf(message)['label']).toBe('-');
    expect(Object.keys(contextOf(message))).toEqual(['version', 'encoding', 'arrivedAt']);
  });

  it('shorten a reason of 10 KB to 1,024 characters, and a key of 300 KB to 256, and say so', () => {
    const letter = aLetter({ fault: { errorClass: 'decode', reason: 'x'.repeat(10_240) } });
    const message = messageFor({ ...letter, record: { ...letter.record, partitionKey: 'k'.repeat(300_000) } });

    expect(attributesOf(message)['reason']).toBe(`${'x'.repeat(1023)}…`);
    expect(contextOf(message)['partitionKey']).toBe(`${'k'.repeat(255)}…`);
  });

  it('count characters, not halves of them: emoji are neither cut nor dropped in silence', () => {
    const reasonFor = (reason: string) => attributesOf(messageFor(aLetter({ fault: { errorClass: 'decode', reason } })))['reason'];

    expect(reasonFor('😀'.repeat(1024))).toBe('😀'.repeat(1024));
    expect(reasonFor('😀'.repeat(1025))).toBe(`${'😀'.repeat(1023)}…`);
    expect(reasonFor('😀'.repeat(5000))).toBe(`${'😀'.repeat(1023)}…`);
    expect(reasonFor(`${'x'.repeat(2047)}😀`)).toBe(`${'x'.repeat(1023)}…`);
  });

  it('are at most ten, never empty, of characters that SQS takes, and small, whatever went wrong', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.constant(''),
      fc.constant('\u0000'.repeat(3000)),
      fc.constant('"\ud800'.repeat(3000)),
    );
    fc.assert(
      fc.property(
        fc.record({ reason: hostile, errorUrl: hostile, key: hostile, stream: hostile, shard: hostile, target: hostile, label: hostile }),
        ({ reason, errorUrl, key, stream, shard, target, label }) => {
          const letter = aLetter({ fault: { errorClass: 'decode', reason, errorUrl }, target, label: label as Label });
          const message = messageOf(
            { ...letter, source: { ...letter.source, stream, shard }, record: { ...letter.record, partitionKey: key } },
            { encoding: 'omitted', text: 'payload omitted, 1 bytes' },
          );

          const values = Object.values(attributesOf(message));
          expect(values).toHaveLength(10);
          for (const value of values) {
            expect(value).not.toBe('');
            expect(isSqsText(value ?? '\0')).toBe(true);
          }
          expect(codePoints(attributesOf(message)['reason'])).toBeLessThanOrEqual(1024);
          // The least DEAD_LETTER_MAX_BYTES: without its payload every letter fits.
          expect(sizeOf(message)).toBeLessThanOrEqual(16_384);
        },
      ),
    );
  });

  it('keep positions whole that no number could hold', () => {
    const letter = aLetter();
    const position = kinesisPosition('9'.repeat(129), 12);

    expect(attributesOf(messageFor({ ...letter, record: { ...letter.record, position } }))['position']).toBe(`${'9'.repeat(129)}:12`);
  });

  it('tell times of the record and of its failure in ISO 8601', () => {
    expect(attributesOf(messageFor(aLetter({ failedAt: epochMillis(0) })))['failedAt']).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('the size of a letter', () => {
  it('counts the bytes of the body and of every name, type and value', () => {
    expect(
      sizeOf({
        MessageBody: 'é😀',
        MessageAttributes: { ab: { DataType: 'String', StringValue: 'ü' }, c: { DataType: 'String', StringValue: 'x' } },
      }),
    ).toBe(6 + (2 + 6 + 2) + (1 + 6 + 1));
  });
});
