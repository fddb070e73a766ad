import { largestPutBytes, largestRecordBytes } from './put-size.ts';
import type { Request } from './reply.ts';

/** API reference of PutRecords. */
const mostRecords = 500;
const longestKey = 256;
const streamName = /^[a-zA-Z0-9_.-]{1,128}$/;

/**
 * Whether a PutRecords is beyond doubt one that kinesalite's checks let through: those decode every payload three times and take a third
 * of a call. What is not is left to them, with their texts, sound or not.
 */
export function isSoundPut({ StreamName: name, Records: records }: Request): boolean {
  if (typeof name !== 'string' || !streamName.test(name)) return false;
  if (!Array.isArray(records) || records.length === 0 || records.length > mostRecords) return false;
  let bytes = 0;
  for (const record of records as readonly unknown[]) {
    const size = soundBytes(record);
    if (size === undefined) return false;
    bytes += size;
  }
  return bytes <= largestPutBytes;
}

/** Undefined unless the record is sound. */
function soundBytes(record: unknown): number | undefined {
  if (typeof record !== 'object' || record === null) return undefined;
  const { Data: data, PartitionKey: key, ExplicitHashKey: hashKey } = record as Request;
  if (typeof data !== 'string' || typeof key !== 'string' || hashKey !== undefined) return undefined;
  if (key.length === 0 || key.length > longestKey) return undefined;
  const payload = Buffer.from(data, 'base64');
  const size = payload.length + Buffer.byteLength(key);
  // Decoding skips what is no base64; only the one right spelling comes back as it was.
  return size <= largestRecordBytes && payload.toString('base64') === data ? size : undefined;
}
