import { createDecipheriv } from 'node:crypto';
import { ITERATOR_PWD_IV, ITERATOR_PWD_KEY } from 'kinesalite/db/index.js';
import { faultOf } from './reply.ts';

/** What an iterator points at: the next record has this sequence number or a higher one. */
export interface IteratorPlace {
  readonly streamName: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** API reference of GetShardIterator. */
const lifetimeMillis = 300_000;

/**
 * Opens an iterator that kinesalite made: `time/stream/shard/sequence number/padding`, encrypted under a key that it publishes.
 *
 * @throws a fault when it is none, or older than five minutes
 */
export function openIterator(iterator: string): IteratorPlace {
  const [time, streamName, shardId, sequenceNumber, padding] = decrypt(iterator).split('/');
  if (streamName === undefined || shardId === undefined || sequenceNumber === undefined || padding === undefined) {
    throw faultOf('InvalidArgumentException', 'Invalid ShardIterator.');
  }
  if (Date.now() - Number(time) > lifetimeMillis) {
    throw faultOf('ExpiredIteratorException', `Iterator expired: it is older than ${lifetimeMillis} milliseconds.`);
  }
  return { streamName, shardId, sequenceNumber };
}

function decrypt(iterator: string): string {
  const decipher = createDecipheriv('aes-256-cbc', ITERATOR_PWD_KEY, ITERATOR_PWD_IV);
  try {
    const sealed = Buffer.from(iterator, 'base64').subarray(8);
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString();
  } catch {
    return '';
  }
}
