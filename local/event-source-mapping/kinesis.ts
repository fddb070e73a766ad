import { eventSpeller } from './kinesis-event.ts';
import { type KinesisMappingOptions, type MappingSettings, readSettings, type StartingPosition } from './settings.ts';
import { runLane } from './shard-lane.ts';
import { type ListedShard, startableShards } from './shard-order.ts';
import { type ShardReader, startShardReader } from './shard-reader.ts';
import { createSignal, type Signal } from './signal.ts';
import { describeStream, listShards, type Stream } from './stream.ts';

/** A mapping at work. */
export interface EventSourceMapping {
  /**
   * Resolves when every record put before this call is settled or given up, and the mapping has caught up with its source.
   *
   * @throws what broke the mapping, or an Error when it is stopped before
   */
  drained(): Promise<void>;
  /** Stops reading, waits for the invocations in flight, and leaves the rest of the records undelivered. */
  stop(): Promise<void>;
}

/** Feeds a function from a Kinesis stream by the rules of Lambda's event source mapping; resolves when every shard's start is fixed. */
export async function startEventSourceMapping(options: KinesisMappingOptions): Promise<EventSourceMapping> {
  const settings = readSettings(options);
  const mapping: Mapping = {
    settings,
    stream: await describeStream(settings.kinesis, settings.stream),
    lanes: new Map(),
    listed: [],
    ticket: 0,
    isStopped: false,
    fault: undefined,
    progress: createSignal(),
    stopping: createSignal(),
    discovery: Promise.resolve(),
  };
  await discover(mapping, settings.startingPosition);
  const rediscovery = discoverForEver(mapping);
  return {
    drained: () => drained(mapping),
    stop: async () => {
      mapping.isStopped = true;
      mapping.stopping.notify();
      mapping.progress.notify();
      await rediscovery;
      await mapping.discovery;
      await Promise.all([...mapping.lanes.values()].map((lane) => Promise.all([lane.reader.stop(), lane.run])));
    },
  };
}

interface Mapping {
  readonly settings: MappingSettings;
  readonly stream: Stream;
  readonly lanes: Map<string, Lane>;
  listed: readonly ListedShard[];
  /** Counts the calls of `drained()`. */
  ticket: number;
  isStopped: boolean;
  fault: Error | undefined;
  /** Notified whenever something moved that `drained()` may wait for. */
  readonly progress: Signal;
  readonly stopping: Signal;
  /** The discovery under way; the next one begins after it. */
  discovery: Promise<void>;
}

interface Lane {
  readonly reader: ShardReader;
  run: Promise<void>;
  settled: number;
  isDrained: boolean;
}

async function drained(mapping: Mapping): Promise<void> {
  mapping.ticket += 1;
  const { ticket } = mapping;
  for (const lane of mapping.lanes.values()) lane.reader.wake();
  await discover(mapping);
  while (!isDrained(mapping, ticket)) {
    if (mapping.fault !== undefined) throw mapping.fault;
    if (mapping.isStopped) throw new Error(`The mapping of ${mapping.stream.arn} was stopped before it had caught up`);
    await mapping.progress.wait();
  }
}

function isDrained(mapping: Mapping, ticket: number): boolean {
  return mapping.listed.every(({ shardId }) => {
    const lane = mapping.lanes.get(shardId);
    if (lane === undefined || lane.isDrained) return lane !== undefined;
    const readAtTip = lane.reader.readAtTip(ticket);
    return readAtTip !== undefined && lane.settled >= readAtTip;
  });
}

/** Shards that appear later hold only records put after the start, so they are read from their beginning. */
function discover(mapping: Mapping, from: StartingPosition = { kind: 'TRIM_HORIZON' }): Promise<void> {
  const found = mapping.discovery.then(() => discoverOnce(mapping, from));
  mapping.discovery = found.catch(() => undefined);
  return found;
}

async function discoverOnce(mapping: Mapping, from: StartingPosition): Promise<void> {
  const { settings, stream, lanes } = mapping;
  if (mapping.isStopped) return;
  mapping.listed = await listShards(settings.kinesis, stream.arn);
  const drainedShards = [...lanes].filter(([, lane]) => lane.isDrained).map(([shardId]) => shardId);
  const startable = startableShards(mapping.listed, new Set(lanes.keys()), new Set(drainedShards));
  await Promise.all(startable.map(({ shardId }) => startLane(mapping, shardId, from)));
  mapping.progress.notify();
}

async function discoverForEver(mapping: Mapping): Promise<void> {
  while (!mapping.isStopped) {
    await mapping.stopping.wait(mapping.settings.discoveryIntervalMillis);
    await discover(mapping).catch((thrown: unknown) => {
      mapping.settings.observe({ kind: 'read-failed', shardId: '-', reason: String(thrown) });
    });
  }
}

async function startLane(mapping: Mapping, shardId: string, startingPosition: StartingPosition): Promise<void> {
  const { settings, stream, progress, stopping } = mapping;
  const { kinesis, pollIntervalMillis, batchSize, maximumRecordAgeSeconds: maximumAge } = settings;
  const speller = eventSpeller({ streamArn: stream.arn, region: stream.region, shardId });
  const reader = await startShardReader({
    kinesis,
    streamArn: stream.arn,
    shardId,
    speller,
    startingPosition,
    pollIntervalMillis,
    mostBuffered: Math.max(1000, 2 * batchSize),
    currentTicket: () => mapping.ticket,
    onChanged: progress.notify,
    onReadFailure: (reason) => settings.observe({ kind: 'read-failed', shardId, reason }),
  });
  const lane: Lane = { reader, run: Promise.resolve(), settled: 0, isDrained: false };
  mapping.lanes.set(shardId, lane);
  settings.observe({ kind: 'shard-started', shardId });
  const done = runLane({
    settings,
    streamArn: stream.arn,
    shardId,
    speller,
    reader,
    mostAgeMillis: maximumAge === -1 ? stream.retentionMillis : maximumAge * 1000,
    stopping,
    isStopped: () => mapping.isStopped,
    onSettled: (records) => {
      lane.settled += records;
      progress.notify();
    },
  });
  lane.run = done.then(
    () => finishLane(mapping, shardId, lane),
    (thrown: unknown) => {
      mapping.fault = new Error(`${shardId}: the lane broke`, { cause: thrown });
      progress.notify();
    },
  );
}

/** The children of a drained shard wait for this. */
function finishLane(mapping: Mapping, shardId: string, lane: Lane): void {
  if (mapping.isStopped) return;
  lane.isDrained = true;
  mapping.settings.observe({ kind: 'shard-drained', shardId });
  mapping.progress.notify();
  discover(mapping).catch(() => undefined);
}
