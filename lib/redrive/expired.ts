import type { Clock } from '../clock.ts';
import type { DeadLetter, DeadLetters } from '../dead-letter/letter.ts';
import type { ExpiredBatch } from '../dead-letter/read.ts';
import { ContractViolation } from '../errors.ts';
import { grouped } from '../grouped.ts';
import type { Checkpoint, Ledger } from '../ledger/checkpoint.ts';
import { routerOf, targetName } from '../plan/route.ts';
import { columnsOf } from '../settle/run.ts';
import { type DecodeRules, decodeKinesisEvent } from '../source/kinesis.ts';
import type { Batch, DecodedRecord, KinesisShard } from '../source/record.ts';
import type { RecordReader } from '../source/stream.ts';
import { type Doubt, doubtBy, type Fate, kept, type Redrive } from './letters.ts';
import { type Prepared, type PrepareRules, prepareRecord } from './prepare.ts';
import { StreamUnavailable, stillThere } from './shard-reading.ts';
import { isTakenOver, type Share, type Taking, takeOver } from './take-over.ts';

/** Where the records of batches are that Lambda gave up, and what the loader had settled of them. */
export interface ExpiredSources {
  readonly streams: RecordReader;
  readonly checkpoints: Pick<Ledger, 'read' | 'move'>;
}

/** What a batch that Lambda gave up is prepared for. */
interface Preparation {
  readonly sources: ExpiredSources;
  readonly prepare: PrepareRules;
  readonly redrive: Pick<Redrive, 'rules' | 'deadline'>;
  readonly options: { readonly dryRun: boolean };
}

/**
 * Reads the records of a batch that Lambda gave up, from the event that came with it or from the stream, and takes over those that the
 * loader has not settled. What the watermark has passed otherwise may be in the table.
 */
export async function prepareExpired(expired: ExpiredBatch, preparation: Preparation): Promise<readonly Prepared[]> {
  try {
    const batch = await readBatch(expired, preparation);
    return typeof batch === 'string' ? [notReady(batch)] : await prepareBatch(expired, batch, preparation);
  } catch (error) {
    if (error instanceof StreamUnavailable) return [notReady(error.message)];
    throw error;
  }
}

const notReady = (reason: string): Prepared => ({ kind: 'not ready', fate: kept(reason) });

async function prepareBatch(
  { last }: ExpiredBatch,
  { source, records }: KinesisBatch,
  { sources, prepare, redrive, options }: Preparation,
): Promise<readonly Prepared[]> {
  const { labelPrefix: loader } = redrive.rules;
  const taking: Taking = { ...sources, ...prepare, ...options, deadline: redrive.deadline };
  const targetOf = routerOf(prepare.routing, source);
  const shares = new Map<string, Checkpoint | string>();
  for (const group of grouped(records, (record) => targetName(targetOf(record)))) {
    const target = group[0] === undefined ? undefined : targetOf(group[0]);
    const share: Share = { loader, source, target, positions: group.map(({ record }) => record.position), last };
    shares.set(targetName(target), await takeOver(taking, share));
  }
  return records.map((record) => {
    const standing = shares.get(targetName(targetOf(record))) ?? {};
    if (typeof standing === 'string') return notReady(standing);
    const doubt = doubtAbout(record, standing, columnsOf(redrive.rules));
    return prepareRecord(source, record, prepare.routing, { target: undefined, ...(doubt === undefined ? {} : { doubt }) });
  });
}

/** Of loads that are settled the ledger does not keep which columns they had: those of today count. */
function doubtAbout({ record: { position } }: DecodedRecord, checkpoint: Checkpoint, today: string | undefined): Doubt | undefined {
  const { through, claim } = checkpoint;
  if (isTakenOver(checkpoint, position)) return undefined;
  if (claim !== undefined && claim.first <= position && position <= claim.last) return doubtBy(claim.columns);
  return through !== undefined && position <= through ? doubtBy(today) : undefined;
}

type KinesisBatch = Batch & { readonly source: KinesisShard };

async function readBatch(expired: ExpiredBatch, { sources, prepare }: Preparation): Promise<KinesisBatch | string> {
  const { stream, shard, first, last } = expired;
  const source: KinesisShard = { kind: 'kinesis', stream, streamName: stream.slice(stream.indexOf('/') + 1), shard };
  const event = expired.event ?? { Records: await stillThere(sources.streams, source, first, last) };
  const batches = decodedFrom(event, prepare.decode);
  if (typeof batches === 'string') return batches;
  const [batch, ...others] = batches;
  if (batch === undefined) return 'the stream does not have its records any more';
  if (others.length > 0 || batch.source.stream !== stream || batch.source.shard !== shard) return 'it holds records of another shard';
  if (batch.leftFrom !== undefined) return 'it holds more than a batch may (MAX_BATCH_BYTES)';
  const found = new Set(batch.records.map(({ record }) => record.itemIdentifier)).size;
  if (found === expired.records) return { ...batch, source };
  return found < expired.records
    ? `the stream has only ${found} of its ${expired.records} records any more`
    : `${found} records lie between its ends, and it had ${expired.records} (a filter, or ParallelizationFactor above 1): which ones cannot be told`;
}

function decodedFrom(event: unknown, decode: DecodeRules): readonly Batch[] | string {
  try {
    return decodeKinesisEvent(event, decode);
  } catch (error) {
    if (error instanceof ContractViolation) return error.message;
    throw error;
  }
}

/** A record of a batch, and how it fares. */
interface Told {
  readonly one: Prepared;
  readonly fate: Fate;
}

/** Records that can never load become letters of their own, before the message goes that stood for them. @returns how each fares then. */
export async function buryRefused(told: readonly Told[], deadLetters: DeadLetters, clock: Clock): Promise<readonly Told[]> {
  const failedAt = clock.now();
  const letters = told.flatMap(({ one, fate }): DeadLetter[] => {
    if (fate.kind !== 'refused') return [];
    if (one.kind === 'not ready') return one.poison === undefined ? [] : [{ ...one.poison, failedAt }];
    const { source, target, row } = one.ready;
    return [
      { source, record: row.record, target: targetName(target), fault: { errorClass: 'data-quality', reason: fate.reason }, failedAt },
    ];
  });
  await deadLetters.send(letters);
  return told.map((each) => (each.fate.kind === 'refused' ? { ...each, fate: { kind: 'loaded', before: false } } : each));
}
