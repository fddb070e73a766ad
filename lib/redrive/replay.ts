import { deadlineIn } from '../deadline.ts';
import { type LoadRules, loadBatch, type Settlement } from '../pipeline.ts';
import type { Ports } from '../settle/run.ts';
import { type DecodeRules, decodeKinesisEvent } from '../source/kinesis.ts';
import type { KinesisShard } from '../source/record.ts';
import { arrivalOf, type EventRecord, type RecordReader, readShard } from '../source/stream.ts';
import { type EpochMillis, seconds } from '../units.ts';

/** A span of time of a stream, by arrival; ends included. */
export interface Period {
  readonly from: EpochMillis;
  readonly to: EpochMillis;
}

/** What a replay needs. `rules.labelPrefix` names its own progress: never that of a loader that runs. */
export interface Replay {
  readonly streams: RecordReader;
  readonly ports: Ports;
  readonly rules: LoadRules;
  readonly decode: DecodeRules;
  readonly onProgress: (records: number) => void;
  /** A load did not work and is tried again: why. */
  readonly onWaiting: (reason: string) => void;
  /** Asked between two pages and two tries: whether it shall end there. Under the same name a later one goes on. */
  readonly isStopped: () => boolean;
}

/** A replay that cannot go on for now. What it settled stays settled: begun again under the same name it goes on there. */
export class ReplayStuck extends Error {
  override readonly name = 'ReplayStuck';
}

const LOAD_TIME = seconds(120);
const PAUSE = seconds(2);
const TRIES = 30;

/** Carries what one shard took in a period to its tables again, in order. @returns how many records. @throws {ReplayStuck} */
export async function replayShard(replay: Replay, source: KinesisShard, period: Period): Promise<number> {
  let records = 0;
  for await (const page of recordsBetween(replay.streams, source, period)) {
    const settled = await settleAll(replay, source, page);
    records += settled;
    replay.onProgress(settled);
    if (replay.isStopped()) break;
  }
  return records;
}

/** Pages of what a shard took in a period. Arrival times of one shard may go back a little: reading ends a minute behind the period. */
export async function* recordsBetween(
  streams: RecordReader,
  source: KinesisShard,
  { from, to }: Period,
): AsyncGenerator<readonly EventRecord[]> {
  for await (const page of readShard(streams, source, { kind: 'from', time: from })) {
    const inside = page.filter((record) => arrivalOf(record) >= from && arrivalOf(record) <= to);
    if (inside.length > 0) yield inside;
    const last = page.at(-1);
    if (last !== undefined && arrivalOf(last) > to + seconds(60)) return;
  }
}

/** @returns how many records of the page are settled: all, unless it is stopped. */
async function settleAll(replay: Replay, { shard }: KinesisShard, page: readonly EventRecord[]): Promise<number> {
  const { rules, decode } = replay;
  const { ports, reason } = overheard(replay.ports);
  let open = page;
  for (let tries = 1; ; tries++) {
    const before = open.length;
    for (const batch of decodeKinesisEvent({ Records: open }, decode)) {
      const settlement = await loadBatch(batch, ports, rules, deadlineIn(LOAD_TIME, ports.clock));
      open = open.slice(settledOf(open, settlement));
    }
    if (open.length === 0 || replay.isStopped()) return page.length - open.length;
    if (open.length < before) tries = 1;
    if (tries > TRIES)
      throw new ReplayStuck(
        `${shard} does not get on at ${open[0]?.kinesis.sequenceNumber}: ${reason()}. What is settled stays settled: run it again under the same name to go on there`,
      );
    replay.onWaiting(reason());
    await ports.clock.sleep(PAUSE);
  }
}

function settledOf(open: readonly EventRecord[], settlement: Settlement): number {
  if (settlement.kind === 'settled') return open.length;
  return open.findIndex(({ kinesis }) => kinesis.sequenceNumber === settlement.from);
}

/** The same ports, and why records were last left unsettled; that a breaker then waits is no reason of its own. */
function overheard(ports: Ports): { readonly ports: Ports; reason(): string } {
  let last = '';
  const telemetry: Ports['telemetry'] = {
    record(event) {
      if (event.kind === 'unsettled' && (last === '' || !event.reason.startsWith('breaker open'))) last = event.reason;
      ports.telemetry.record(event);
    },
  };
  return { ports: { ...ports, telemetry }, reason: () => last };
}
