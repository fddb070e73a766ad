import type { Clock } from '../clock.ts';
import type { DeadLetter, DeadLetters } from '../dead-letter/letter.ts';
import type { ExpiredBatch } from '../dead-letter/read.ts';
import type { Checkpoint, Ledger } from '../ledger/checkpoint.ts';
import { targetName } from '../plan/route.ts';
import { columnsOf } from '../settle/run.ts';
import { decodeKinesisEvent } from '../source/kinesis.ts';
import type { Batch, KinesisShard } from '../source/record.ts';
import { type RecordReader, readSpan } from '../source/stream.ts';
import { type Doubt, type Fate, kept, type Ready, type Redrive } from './letters.ts';
import { type Prepared, type PrepareRules, prepareRecord } from './prepare.ts';

/** Where the records of batches are that Lambda gave up, and what the loader had settled of them. */
export interface ExpiredSources {
  readonly streams: RecordReader;
  readonly checkpoints: Pick<Ledger, 'read'>;
}

/**
 * Reads the records of a batch that Lambda gave up: from the event that came with it, or from the stream. Whether the loader had settled one
 * of them, its checkpoint tells only while it stands before the record: later, each may be in the table.
 */
export async function prepareExpired(
  expired: ExpiredBatch,
  sources: ExpiredSources,
  rules: PrepareRules,
  { rules: { labelPrefix: loader, positionColumns } }: Pick<Redrive, 'rules'>,
): Promise<readonly Prepared[]> {
  const batch = await readBatch(expired, sources, rules);
  if (typeof batch === 'string') return [{ kind: 'not ready', fate: kept(batch) }];
  const { source, records } = batch;
  const prepared = records.map((record) => prepareRecord(source, record, rules.routing, { target: undefined }));
  const targets = new Set(prepared.flatMap((one) => (one.kind === 'ready' ? [targetName(one.ready.target)] : [])));
  const checkpoints = new Map<string, Checkpoint>();
  for (const target of targets) checkpoints.set(target, await sources.checkpoints.read({ loader, source, target }));
  const doubtOf = (ready: Ready) => doubtAbout(ready, checkpoints.get(targetName(ready.target)) ?? {}, columnsOf({ positionColumns }));
  return prepared.map((one) => (one.kind === 'ready' ? { kind: 'ready', ready: { ...one.ready, ...doubtOf(one.ready) } } : one));
}

/** Of loads that are settled the ledger does not keep which columns they had: those of today count. */
function doubtAbout({ row }: Ready, { through, claim }: Checkpoint, today: string | undefined): Pick<Ready, 'doubt'> {
  const { position } = row.record;
  if (claim !== undefined && claim.first <= position && position <= claim.last) return { doubt: bySome(claim.columns) };
  return through !== undefined && position <= through ? { doubt: bySome(today) } : {};
}

function bySome(columns: string | undefined): Doubt {
  return columns === undefined ? {} : { columns };
}

async function readBatch(expired: ExpiredBatch, { streams }: ExpiredSources, { decode }: PrepareRules): Promise<Batch | string> {
  const event = expired.event ?? { Records: await readAgain(expired, streams) };
  const batches = decodeKinesisEvent(event, decode);
  const [batch, ...others] = batches;
  if (batch === undefined) return 'the stream does not have its records any more';
  const found = new Set(batch.records.map(({ record }) => record.itemIdentifier)).size;
  if (others.length > 0 || batch.leftFrom !== undefined) return 'it holds more than one batch may (MAX_BATCH_BYTES)';
  if (found === expired.records) return batch;
  return found < expired.records
    ? `the stream has only ${found} of its ${expired.records} records any more`
    : `${found} records lie between its ends, and it had ${expired.records} (a filter, or ParallelizationFactor above 1): which ones cannot be told`;
}

async function readAgain({ stream, shard, first, last }: ExpiredBatch, streams: RecordReader) {
  const source: KinesisShard = { kind: 'kinesis', stream, streamName: stream.slice(stream.indexOf('/') + 1), shard };
  return await readSpan(streams, source, first, last);
}

/** Records that can never load become letters of their own, before the message goes that stood for them. @returns how each fares then. */
export async function buryRefused(
  told: readonly { readonly one: Prepared; readonly fate: Fate }[],
  deadLetters: DeadLetters,
  clock: Clock,
): Promise<readonly Fate[]> {
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
  return told.map(({ fate }) => (fate.kind === 'refused' ? { kind: 'loaded', before: false } : fate));
}
