import { randomUUID } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { InvokeResult } from '../function-process/invoke-result.ts';
import { cutBatch } from './cut.ts';
import { advance, expire, type Pending, type Step, wholeBatch } from './delivery.ts';
import type { DeliveredRecords } from './events.ts';
import type { EventSpeller, ShardRecord } from './kinesis-event.ts';
import { onFailureRecord } from './on-failure.ts';
import { type BadLuck, luckOf } from './redelivery.ts';
import type { MappingSettings } from './settings.ts';
import type { ShardReader } from './shard-reader.ts';
import type { Signal } from './signal.ts';
import { readVerdict, type Verdict } from './verdict.ts';

/** Where a lane gets its records, and what it tells. */
export interface LaneOptions {
  readonly settings: MappingSettings;
  readonly streamArn: string;
  readonly shardId: string;
  readonly speller: EventSpeller;
  readonly reader: ShardReader;
  /** Records older than this are given up. */
  readonly mostAgeMillis: number;
  /** Cuts pauses short when the mapping is stopped. */
  readonly stopping: Signal;
  readonly isStopped: () => boolean;
  /** Called with the number of records that are settled or given up; negative when they come again. */
  readonly onSettled: (records: number) => void;
}

/** Delivers one shard's records, one batch at a time, until the shard has ended or the mapping is stopped. */
export async function runLane(lane: LaneOptions): Promise<void> {
  const draw = luckOf(lane.settings.redeliver, lane.shardId);
  for (let records = await nextBatch(lane); records.length > 0; records = await nextBatch(lane)) {
    const again = await deliverWithLuck(lane, records, draw(records.length));
    if (lane.isStopped()) return;
    lane.reader.putBack(again);
    lane.onSettled(records.length - again.length);
  }
}

/** Returns the records that come again with the next batch. */
async function deliverWithLuck(
  lane: LaneOptions,
  records: readonly ShardRecord[],
  luck: BadLuck | undefined,
): Promise<readonly ShardRecord[]> {
  if (luck !== undefined) lane.settings.observe({ kind: 'bad-luck', batch: describe(lane, records), luck });
  await deliver(lane, records, luck?.kind === 'overlap' ? 2 : 1);
  if (luck?.kind === 'repeat') await deliver(lane, records, 1);
  return luck?.kind === 'rewind' ? records.slice(-luck.records) : [];
}

/** Waits for a full batch, the end of the window, or the end of the shard; none when there is nothing more to come. */
async function nextBatch({ settings, reader, isStopped }: LaneOptions): Promise<readonly ShardRecord[]> {
  let windowEnd: number | undefined;
  while (!isStopped()) {
    const waiting = reader.peek();
    if (waiting.length === 0) {
      if (reader.isEnded()) return [];
      await reader.changed.wait();
      continue;
    }
    windowEnd ??= performance.now() + settings.batchingWindowSeconds * 1000;
    const left = windowEnd - performance.now();
    const { count, isFull } = cutBatch(waiting, settings.batchSize);
    if (isFull || left <= 0 || reader.isEnded()) return reader.take(count);
    await reader.changed.wait(left);
  }
  return [];
}

/** Delivers a batch until each of its records is settled or given up. */
async function deliver(lane: LaneOptions, records: readonly ShardRecord[], times: 1 | 2): Promise<void> {
  const { settings, stopping } = lane;
  let pending = wholeBatch(records.length);
  let copies = times;
  while (pending.length > 0 && !lane.isStopped()) {
    const aged = expire(pending, (place) => isTooOld(lane, records[place]));
    pending = await afterStep(lane, records, aged);
    const [segment] = pending;
    if (segment === undefined) return;

    const part = records.slice(segment.from, segment.to);
    settings.observe({ kind: 'batch', batch: describe(lane, part), failures: segment.failures });
    const verdict = await invoke(lane, part, copies);
    copies = 1;
    if (verdict === undefined) {
      await stopping.wait(settings.retryDelayMillis(segment.failures));
      continue;
    }
    pending = await afterStep(lane, records, advance(pending, verdict, settings));
    const failures = pending[0]?.failures ?? 0;
    if (failures > 0) await stopping.wait(settings.retryDelayMillis(failures));
  }
}

function isTooOld(lane: LaneOptions, record: ShardRecord | undefined): boolean {
  return record !== undefined && lane.settings.now() - record.arrivedAt > lane.mostAgeMillis;
}

/** Undefined when the function was not reached: that is no attempt. Of two copies at the same time, the first one's answer counts. */
async function invoke(lane: LaneOptions, part: readonly ShardRecord[], copies: 1 | 2): Promise<Verdict | undefined> {
  const { settings } = lane;
  const batch = describe(lane, part);
  const event = lane.speller.event(part);
  try {
    const ghost = copies === 2 ? settings.function.invoke(event) : undefined;
    const [result] = await Promise.all([settings.function.invoke(event), ghost]);
    const verdict = verdictOf(settings, result, part);
    settings.observe({ kind: 'outcome', batch, result, verdict });
    return verdict;
  } catch (thrown) {
    settings.observe({ kind: 'not-invoked', batch, reason: String(thrown) });
    return undefined;
  }
}

function verdictOf(settings: MappingSettings, result: InvokeResult, part: readonly ShardRecord[]): Verdict {
  if (!settings.reportBatchItemFailures && result.kind === 'returned') return { kind: 'settled' };
  return readVerdict(
    result,
    part.map((record) => record.sequenceNumber),
  );
}

/** Tells the on-failure destination what was given up, then goes on with the rest. */
async function afterStep(lane: LaneOptions, records: readonly ShardRecord[], step: Step): Promise<Pending> {
  const { givenUp, pending } = step;
  if (givenUp === undefined) return pending;
  const { settings, streamArn, shardId } = lane;
  const lost = records.slice(givenUp.segment.from, givenUp.segment.to);
  const origin = { requestId: randomUUID(), functionArn: settings.function.functionArn, streamArn, shardId };
  const record = onFailureRecord(givenUp, lost, { ...origin, failedAt: new Date(settings.now()) });
  settings.observe({ kind: 'given-up', batch: describe(lane, lost), givenUp, record });
  await settings.onFailure?.sqs
    .send(new SendMessageCommand({ QueueUrl: settings.onFailure.queueUrl, MessageBody: JSON.stringify(record) }))
    .catch((thrown: unknown) => settings.observe({ kind: 'destination-failed', batch: describe(lane, lost), reason: String(thrown) }));
  return pending;
}

function describe({ shardId }: LaneOptions, records: readonly ShardRecord[]): DeliveredRecords {
  const last = records.at(-1);
  return {
    shardId,
    count: records.length,
    first: records[0]?.sequenceNumber ?? '',
    last: last?.sequenceNumber ?? '',
    lastArrivedAt: last?.arrivedAt ?? 0,
  };
}
