import { GetShardIteratorCommand, InvalidArgumentException, type KinesisClient, ResourceNotFoundException } from '@aws-sdk/client-kinesis';
import { systemClock } from '../../lib/clock.ts';
import { kinesisPosition, type Position, spellPosition } from '../../lib/source/position.ts';
import type { KinesisShard } from '../../lib/source/record.ts';
import { readPages } from '../../lib/source/stream.ts';
import { epochMillis } from '../../lib/units.ts';
import { asked } from '../aws.ts';
import { failed, wrongInput } from '../errors.ts';

/** Where a person wants to be in a shard: a position, or a moment of arrival. */
export type Wanted = { readonly kind: 'position'; readonly position: Position } | { readonly kind: 'moment'; readonly at: Date };

/** Reads `<sequence number>`, `<sequence number>:<sub>` or an ISO 8601 moment with its zone. @throws {CommandError} */
export function readPlace(text: string): Wanted {
  const [, sequenceNumber, sub] = /^(0|[1-9]\d{0,128})(?::(\d{1,8}))?$/.exec(text) ?? [];
  if (sequenceNumber !== undefined)
    return { kind: 'position', position: kinesisPosition(sequenceNumber, sub === undefined ? undefined : Number(sub)) };
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)))
    return { kind: 'moment', at: new Date(text) };
  throw wrongInput(
    `${JSON.stringify(text)} is no place in a shard: say a sequence number, or a moment with its zone such as 2026-03-01T12:00:00Z`,
  );
}

const MOST_PAGES = 50;

/** The position right before the first record that arrived at a moment or later. @throws {CommandError} when there is none. */
export async function positionBefore(client: KinesisClient, stream: string, shard: string, at: Date): Promise<Position> {
  const what = `shard ${shard} of ${stream}`;
  const first = await asked(what, firstSince(client, { stream, shard }, at));
  if (first === undefined) throw failed(`${what} has no record that arrived at ${at.toISOString()} or later`);
  return kinesisPosition(String(BigInt(first) - 1n));
}

/**
 * Asks the stream whether a position is one of a shard, since a watermark beyond them all skips whatever comes. Nothing comes to a shard
 * that is gone.
 * @throws {CommandError}
 */
export async function knownTo(
  client: KinesisClient,
  { stream, shard }: Pick<KinesisShard, 'stream' | 'shard'>,
  position: Position,
): Promise<void> {
  const StartingSequenceNumber = spellPosition(position).split(':')[0];
  const request = { StreamARN: stream, ShardId: shard, ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber } as const;
  try {
    await client.send(new GetShardIteratorCommand(request));
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return;
    if (error instanceof InvalidArgumentException)
      throw wrongInput(
        `${spellPosition(position)} is no position of ${shard} of ${stream}: a watermark there would skip what comes. ${error.message}`,
        {
          cause: error,
        },
      );
    throw failed(`shard ${shard} of ${stream}: ${String(error)}`, { cause: error });
  }
}

async function firstSince(
  client: KinesisClient,
  shard: { readonly stream: string; readonly shard: string },
  at: Date,
): Promise<string | undefined> {
  let pages = 0;
  for await (const { records } of readPages({ client, clock: systemClock }, shard, { kind: 'from', time: epochMillis(at.getTime()) }, 1)) {
    const [first] = records;
    if (first !== undefined || ++pages === MOST_PAGES) return first?.kinesis.sequenceNumber;
  }
  return undefined;
}
