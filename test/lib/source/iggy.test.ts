import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import { decodeSqsEvent, type ForwardedContent, type IggyDecodeRules } from '../../../lib/source/iggy.ts';
import { spellPosition } from '../../../lib/source/position.ts';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { bytes } from '../../../lib/units.ts';
import { type EventMessage, sqsEvent } from '../../support/sqs-event.ts';
import bare from '../../vectors/iggy/bare.json' with { type: 'json' };
import contract from '../../vectors/iggy/contract.json' with { type: 'json' };
import modes from '../../vectors/iggy/modes.json' with { type: 'json' };
import payloads from '../../vectors/iggy/payloads.json' with { type: 'json' };

const RULES: IggyDecodeRules = {
  maxRowBytes: bytes(100_000),
  maxBatchBytes: bytes(1_000_000),
  keepFields: [],
  bodies: 'envelope',
  bareSource: { stream: 'shop', topic: 'orders' },
  bodyEncoding: 'text',
};

interface ExpectedRecord {
  readonly offset: string;
  readonly stream?: string;
  readonly topic?: string;
  readonly partition?: string;
  readonly id?: string;
  readonly timestamp?: string;
  readonly line?: string;
  readonly poison?: string;
  readonly payload?: string;
}

/** A golden body, and what must become of it. */
interface Golden {
  readonly about: string;
  readonly body: string;
  readonly contentEncoding?: string;
  readonly bodies?: string;
  readonly bodyEncoding?: string;
  readonly columns?: Record<string, string>;
  readonly expected: { readonly records?: readonly ExpectedRecord[]; readonly duplicates?: number; readonly contract?: string };
}

function contentsOf(messages: readonly EventMessage[], rules: Partial<IggyDecodeRules> = {}): ForwardedContent[] {
  return decodeSqsEvent(sqsEvent(messages), { ...RULES, ...rules }).map(({ content }) => content);
}

function decode(message: EventMessage, rules: Partial<IggyDecodeRules> = {}): ForwardedContent {
  const [content] = contentsOf([message], rules);
  if (content === undefined) throw new Error('no message');
  return content;
}

function batchesOf(content: ForwardedContent) {
  if (content.kind !== 'batches') throw new Error(content.kind === 'contract' ? content.reason : content.kind);
  return content.batches;
}

const recordsOf = (content: ForwardedContent): DecodedRecord[] => batchesOf(content).flatMap(({ records }) => records);

/** A record in the words of the vectors; only what the expectation names. */
function inWords(content: ForwardedContent, expected: readonly ExpectedRecord[]) {
  const all = batchesOf(content).flatMap(({ source, records }) =>
    records.map((decoded) => ({
      stream: source.kind === 'iggy' ? source.streamName : '',
      topic: source.kind === 'iggy' ? source.topicName : '',
      partition: source.shard,
      offset: spellPosition(decoded.record.position),
      ...decoded.record.iggy,
      payload: bytesOf(decoded.record.payload).toString(),
      ...(decoded.kind === 'row' ? { line: bytesOf(decoded.line).toString() } : { poison: decoded.fault.reason }),
    })),
  );
  return all.map((record, index) =>
    Object.fromEntries(Object.keys(expected[index] ?? record).map((key) => [key, record[key as keyof typeof record]])),
  );
}

const GOLDEN: readonly Golden[] = [...modes.cases, ...payloads.cases, ...contract.cases, ...bare.cases] as Golden[];

describe('a golden body', () => {
  it.each(GOLDEN.filter(({ expected }) => expected.records !== undefined))('$about', ({ expected, ...golden }) => {
    const records = expected.records ?? [];

    const content = decode(golden, rulesOf(golden));

    expect(inWords(content, records)).toEqual(
      records.map(({ poison, ...rest }) => (poison === undefined ? rest : { ...rest, poison: expect.stringContaining(poison) })),
    );
    expect(batchesOf(content).reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(expected.duplicates ?? 0);
  });

  it.each(GOLDEN.filter(({ expected }) => expected.contract !== undefined))(
    'is a dead letter verbatim: $about',
    ({ expected, ...golden }) => {
      const content = decode(golden, rulesOf(golden));

      expect(content).toEqual({
        kind: 'contract',
        reason: expect.stringContaining(String(expected.contract)),
        body: Buffer.from(golden.body),
      });
    },
  );
});

function rulesOf({ bodies, bodyEncoding, columns }: Omit<Golden, 'expected'>): Partial<IggyDecodeRules> {
  return {
    ...(bodies === undefined ? {} : { bodies: bodies as IggyDecodeRules['bodies'] }),
    ...(bodyEncoding === undefined ? {} : { bodyEncoding: bodyEncoding as IggyDecodeRules['bodyEncoding'] }),
    ...(columns === undefined ? {} : { metadataColumns: columns }),
  };
}

const envelope = (offset: number, payload: string) =>
  `{"metadata":{"iggy_id":"${'0'.repeat(32)}","iggy_offset":${offset},"iggy_partition_id":0,"iggy_stream":"shop","iggy_timestamp":1710064800123456,"iggy_topic":"orders"},"payload":${payload}}`;

const packed = (text: string) => `{"data":"${gzipSync(text).toString('base64')}","iggy_payload_encoding":"base64"}`;

describe('a message', () => {
  it('keeps what the response and the visibility need: id, handle, queue, receive count', () => {
    const [message] = decodeSqsEvent(sqsEvent([{ messageId: 'abc', body: envelope(1, '{}'), receives: 7 }]), RULES);

    expect(message).toMatchObject({
      messageId: 'abc',
      receiptHandle: 'handle of abc',
      queueArn: 'arn:aws:sqs:us-east-1:000000000000:iggy',
      receives: 7,
    });
    expect(message?.group).toBeUndefined();
  });

  it('has a group on a FIFO queue only: standard queues take group ids too, but keep no order', () => {
    const fifo = { body: envelope(1, '{}'), group: 'g', queueArn: 'arn:aws:sqs:us-east-1:000000000000:iggy.fifo' };

    const groups = [fifo, { body: envelope(1, '{}'), group: 'g' }].map((message) => decodeSqsEvent(sqsEvent([message]), RULES)[0]?.group);

    expect(groups).toEqual(['g', undefined]);
  });

  it('arrived when the Iggy server took it, not when the queue did', () => {
    const [record] = recordsOf(decode({ body: envelope(1, '{}') }));

    expect(record?.record.arrivedAt).toBe(1_710_064_800_123);
  });

  it('without metadata is known by the SQS message alone, and arrived when the queue took it', () => {
    const [batch] = batchesOf(decode({ messageId: 'abc', body: '{"n":1}', sentAt: 1_710_064_900_000 }, { bodies: 'bare' }));

    expect(batch?.source).toEqual({ kind: 'iggy', stream: 'shop/orders', streamName: 'shop', topicName: 'orders', shard: 'abc' });
    expect(batch?.records[0]?.record.arrivedAt).toBe(1_710_064_900_000);
    expect(batch?.records[0]?.record.iggy).toBeUndefined();
  });

  it('in gzip inside base64 is unpacked', () => {
    const [record] = recordsOf(decode({ body: envelope(1, packed('{"n":1}')) }));

    expect(record?.kind === 'row' && bytesOf(record.line).toString()).toBe('{"n":1}');
  });

  it('gives its routed fields, and its position columns beside those of the metadata', () => {
    const rules = { keepFields: ['type'], positionColumns: { shard: 'p' }, metadataColumns: { iggy_offset: 'o' } };

    const [record] = recordsOf(decode({ body: envelope(12, '{"type":"click"}') }, rules));

    expect(record).toMatchObject({ kind: 'row', fields: { type: 'click' } });
    expect(record?.kind === 'row' && bytesOf(record.line).toString()).toBe('{"p":"0","o":12,"type":"click"}');
  });
});

describe('memory', () => {
  const bomb = (offset: number) => envelope(offset, packed(`{"s":"${'x'.repeat(90_000)}"}`));

  it('bounds what one event may unpack to: later messages come again undecoded', () => {
    const messages = Array.from({ length: 5 }, (_, n) => ({ body: bomb(n) }));

    const kinds = contentsOf(messages, { maxBatchBytes: bytes(150_000) }).map(({ kind }) => kind);

    expect(kinds).toEqual(['batches', 'batches', 'left', 'left', 'left']);
  });

  it('bounds what one message may unpack to: it cannot come in parts, so the rest is poison on every delivery', () => {
    const body = `[${Array.from({ length: 4 }, (_, n) => bomb(n)).join()}]`;

    const kinds = recordsOf(decode({ body }, { maxBatchBytes: bytes(150_000) })).map((record) =>
      record.kind === 'row' ? 'row' : record.fault.errorClass,
    );

    expect(kinds).toEqual(['row', 'row', 'oversize', 'oversize']);
  });
});

describe('an event', () => {
  it.each([
    ['of another source', { Records: [{ ...sqsEvent([{ body: '{}' }]).Records[0], eventSource: 'aws:kinesis' }] }],
    ['without records', {}],
    ['without receive count', { Records: [{ ...sqsEvent([{ body: '{}' }]).Records[0], attributes: {} }] }],
  ])('%s is refused: nothing may be acknowledged', (_, event) => {
    expect(() => decodeSqsEvent(event, RULES)).toThrow(ContractViolation);
  });

  it('of nothing is nothing', () => {
    expect(decodeSqsEvent({ Records: [] }, RULES)).toEqual([]);
  });
});

describe('whatever the body', () => {
  it('every element becomes one record in body order, or the body one dead letter: nothing vanishes', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 8 }), fc.constantFrom('array', 'lines'), (values, shape) => {
        const items = values.map((value, n) => envelope(n, JSON.stringify(value)));
        const body = shape === 'array' ? `[${items.join()}]` : items.map((item) => `${item}\n`).join('');

        const offsets = recordsOf(decode({ body })).map(({ record }) => Number(record.position));

        expect(offsets).toEqual(values.map((_, n) => n));
      }),
    );
  });

  it('a million blank lines are passed over at once', () => {
    expect(decode({ body: `${'\n'.repeat(1_000_000)}x` })).toMatchObject({ reason: 'line 1000001 of the body is not one JSON document' });
  });

  it('any text is decoded or refused with a reason, never thrown on', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.constant(envelope(1, '{}')).chain((text) => fc.nat(text.length).map((n) => text.slice(0, n))),
        ),
        (body) => {
          expect(['batches', 'contract']).toContain(decode({ body }).kind);
        },
      ),
      { numRuns: 500 },
    );
  });
});
