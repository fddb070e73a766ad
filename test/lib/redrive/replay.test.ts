import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { describe, expect, it } from 'vitest';
import { memoryBreaker } from '../../../lib/breaker.ts';
import { type Replay, replayShard } from '../../../lib/redrive/replay.ts';
import { epochMillis, mebibytes } from '../../../lib/units.ts';
import { numbersIn, SHARD } from '../../support/shard.ts';
import { newWorld, RULES, type World } from '../../support/world.ts';

const PERIOD = { from: epochMillis(0), to: epochMillis(2_000_000_000_000) };

/** A stream of three records on one page. */
function streamOf(rows: readonly string[]): KinesisClient {
  const Records = rows.map((row, n) => ({
    SequenceNumber: String(1000 + n),
    Data: Buffer.from(row),
    ApproximateArrivalTimestamp: new Date(1_700_000_000_000 + n),
  }));
  return { send: async () => ({ ShardIterator: 'i', Records, MillisBehindLatest: 0 }) } as unknown as KinesisClient;
}

function replayIn(world: World, more: Partial<Replay> = {}): Promise<number> {
  const { doris, ledger, clock, letters, events } = world;
  const ports = {
    doris,
    ledger,
    clock,
    breaker: memoryBreaker(clock),
    telemetry: { record: (event: (typeof events)[number]) => void events.push(event) },
    deadLetters: { send: async (sent: readonly (typeof letters)[number][]) => void letters.push(...sent) },
  };
  const rows = [0, 1, 2].map((n) => JSON.stringify({ n }));
  return replayShard(
    {
      ports,
      streams: { client: streamOf(rows), clock },
      rules: { ...RULES, labelPrefix: 'again' },
      decode: { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(10), keepFields: [] },
      onProgress: () => {},
      onWaiting: () => {},
      isStopped: () => false,
      ...more,
    },
    SHARD as Parameters<typeof replayShard>[1],
    PERIOD,
  );
}

const rowsOf = ({ doris }: World) => numbersIn(doris.tables.get('db.t'));
const refuseLoads = ({ doris }: World, times: number) => {
  for (let n = 0; n < times; n++) doris.script.push({ stored: false, outcome: 'rejected-config' });
};

describe('a replay into a table that takes no loads', () => {
  it('tells why it waits, and goes on when the table takes them', async () => {
    const world = newWorld();
    refuseLoads(world, 1);
    const told: string[] = [];

    expect(await replayIn(world, { onWaiting: (reason) => told.push(reason) })).toBe(3);

    expect(told[0]).toMatch(/^rejected-config/);
    expect(rowsOf(world)).toEqual([0, 1, 2]);
  });

  it('gives up after a minute, and says what Doris said, not that a breaker waits', async () => {
    const world = newWorld();
    refuseLoads(world, 100);

    await expect(replayIn(world)).rejects.toThrow(
      /^shardId-000000000000 does not get on at 1000: rejected-config.*run it again under the same name/,
    );
  });

  it('ends when it is asked to, and counts only what is settled', async () => {
    const world = newWorld();
    refuseLoads(world, 100);
    let asked = 0;

    expect(await replayIn(world, { isStopped: () => ++asked > 2 })).toBe(0);

    expect(rowsOf(world)).toEqual([]);
  });
});

describe('two replays under one name', () => {
  it('that overlap in one table store each record once', async () => {
    const world = newWorld();

    await Promise.all([replayIn(world), replayIn(world)]);

    expect(rowsOf(world).toSorted()).toEqual([0, 1, 2]);
  });
});
