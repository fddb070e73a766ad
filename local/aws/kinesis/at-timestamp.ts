import { createShardIterator, shardIxToHex } from 'kinesalite/db/index.js';
import type { RecordLog } from './record-log.ts';
import { faultOf, type Request } from './reply.ts';

/** Asks the engine for an iterator of another type, for the same shard. */
export type AskIterator = (type: 'TRIM_HORIZON' | 'LATEST') => Promise<object>;

/**
 * Answers GetShardIterator AT_TIMESTAMP: the first record that arrived at the time or later, or the tip. kinesalite never answers when
 * there is no such record.
 *
 * @throws a fault when the time lies in the future
 */
export async function iteratorAtTimestamp(input: Request, log: RecordLog, ask: AskIterator): Promise<object> {
  const { Timestamp: time, StreamName: stream, ShardId: shardId } = input;
  // The engine checks the stream and the shard on the way.
  const tip = await ask('LATEST');
  if (typeof time !== 'number') throw faultOf('InvalidArgumentException', 'AT_TIMESTAMP needs a Timestamp.');
  if (time * 1000 > Date.now()) throw faultOf('InvalidArgumentException', 'The Timestamp cannot be in the future.');
  const first = log.firstSince(shardIxToHex(Number(String(shardId).split('-').at(-1))), time);
  return first === undefined ? tip : { ShardIterator: createShardIterator(String(stream), String(shardId), first.SequenceNumber) };
}
