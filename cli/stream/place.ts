import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { systemClock } from '../../lib/clock.ts';
import { kinesisPosition, type Position } from '../../lib/source/position.ts';
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
