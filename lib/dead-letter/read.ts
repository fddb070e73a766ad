import * as z from 'zod';
import { iggyPosition, kinesisPosition, type Position } from '../source/position.ts';
import type { Fault, SourceRecord, SourceShard } from '../source/record.ts';
import { type EpochMillis, epochMillis } from '../units.ts';
import type { BodyEncoding } from './message.ts';

/** A message of the dead-letter queue, its attributes as texts. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A dead letter as it lies in the queue: the contract's attributes, and the payload as its context says it is encoded. */
export interface StoredLetter {
  readonly kind: 'letter';
  readonly errorClass: Fault['errorClass'];
  readonly reason: string;
  readonly source: SourceShard;
  readonly position: Position;
  readonly iggy?: NonNullable<SourceRecord['iggy']>;
  /** `database.table`, or `-`. */
  readonly target: string;
  /** Absent where no load was made. */
  readonly label?: string;
  readonly failedAt: string;
  readonly partitionKey?: string;
  readonly arrivedAt: EpochMillis;
  /** Position columns that the rows of its load carry; absent where they carry none, or there was no load. */
  readonly columns?: string;
  readonly encoding: BodyEncoding;
  readonly body: string;
}

/** What Lambda writes of a batch that it gave up: positions only. */
export interface ExpiredBatch {
  readonly kind: 'expired';
  readonly stream: string;
  readonly shard: string;
  /** Sequence numbers of the first and the last record, and how many there are. */
  readonly first: string;
  readonly last: string;
  readonly records: number;
  readonly condition: string;
  /** The whole event, where it came with it (S3). */
  readonly event?: unknown;
}

export type ReadMessage = StoredLetter | ExpiredBatch | { readonly kind: 'foreign'; readonly reason: string };

/** The classes of the contract. */
export const ERROR_CLASSES = [
  'decode',
  'data-quality',
  'oversize',
  'unroutable',
  'contract',
  'unverifiable',
] as const satisfies readonly Fault['errorClass'][];

const optionalText = z.string().optional();

const contextSchema = z.object({
  version: z.literal(1),
  encoding: z.enum(['utf8', 'base64', 's3', 'omitted']),
  partitionKey: optionalText,
  arrivedAt: z.iso.datetime(),
  iggyId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  columns: optionalText,
  iggyTimestamp: z
    .string()
    .regex(/^\d{1,19}$/)
    .optional(),
});

const attributesSchema = z.object({
  errorClass: z.enum(ERROR_CLASSES),
  reason: z.string(),
  source: z.enum(['kinesis', 'iggy']),
  stream: z.string(),
  shard: z.string(),
  position: z.string().regex(/^\d{1,129}(:\d{1,8})?$/),
  target: z.string().regex(/^(-|[^.]+\.[^.]+)$/),
  label: z.string(),
  failedAt: z.iso.datetime(),
  context: z.string(),
});

/** Reads a message back: a letter of a loader, a batch that Lambda gave up, or something else, with what is wrong about it. */
export function readMessage({ body, attributes }: QueuedMessage): ReadMessage {
  if (Object.keys(attributes).length === 0) return readExpired(body);
  const parsed = attributesSchema.safeParse(attributes);
  if (!parsed.success) return foreign('attribute', parsed.error);
  const context = contextSchema.safeParse(jsonOf(parsed.data.context));
  if (!context.success) return foreign('context', context.error);
  return letterOf(parsed.data, context.data, body);
}

function letterOf(attributes: z.output<typeof attributesSchema>, context: z.output<typeof contextSchema>, body: string): StoredLetter {
  const { source: kind, stream, shard, position, label, context: _, ...plain } = attributes;
  const { encoding, arrivedAt, partitionKey, iggyId, iggyTimestamp, columns } = context;
  const [number = '', sub] = position.split(':');
  return {
    kind: 'letter',
    ...plain,
    source: sourceOf(kind, stream, shard),
    position: kind === 'iggy' ? iggyPosition(number) : kinesisPosition(number, sub === undefined ? undefined : Number(sub)),
    ...(iggyId === undefined || iggyTimestamp === undefined ? {} : { iggy: { id: iggyId, timestamp: iggyTimestamp } }),
    ...(label === '-' ? {} : { label }),
    ...(partitionKey === undefined ? {} : { partitionKey }),
    arrivedAt: epochMillis(Date.parse(arrivedAt)),
    ...(columns === undefined ? {} : { columns }),
    encoding,
    body,
  };
}

/** The shard as the loader names it. Of Iggy's `stream/topic` the first slash is taken for the one between them. */
function sourceOf(kind: SourceShard['kind'], stream: string, shard: string): SourceShard {
  const slash = stream.indexOf('/');
  const [before, behind] = slash === -1 ? [stream, ''] : [stream.slice(0, slash), stream.slice(slash + 1)];
  return kind === 'kinesis' ? { kind, stream, streamName: behind, shard } : { kind, stream, streamName: before, topicName: behind, shard };
}

const sequenceNumber = z.string().regex(/^(0|[1-9]\d{0,128})$/);

/** Lambda guide, kinesis-on-failure-destination. */
const expiredSchema = z.object({
  requestContext: z.object({ condition: z.string() }),
  KinesisBatchInfo: z.object({
    shardId: z.string(),
    startSequenceNumber: sequenceNumber,
    endSequenceNumber: sequenceNumber,
    batchSize: z.int().positive(),
    streamArn: z.string(),
  }),
  payload: z.string().optional(),
});

function readExpired(body: string): ReadMessage {
  const parsed = expiredSchema.safeParse(jsonOf(body));
  if (!parsed.success) return { kind: 'foreign', reason: 'it has no attributes, and is no record of a batch that Lambda gave up' };
  const { requestContext, KinesisBatchInfo: info, payload } = parsed.data;
  const event = payload === undefined ? undefined : jsonOf(payload);
  return {
    kind: 'expired',
    stream: info.streamArn,
    shard: info.shardId,
    first: info.startSequenceNumber,
    last: info.endSequenceNumber,
    records: info.batchSize,
    condition: requestContext.condition,
    ...(event === undefined ? {} : { event }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function foreign(where: string, { issues: [issue] }: z.ZodError): ReadMessage {
  return { kind: 'foreign', reason: `no letter of a loader: ${where} ${issue?.path.join('.') || 'as a whole'}: ${issue?.message}` };
}
