import { faultOf, type Request } from './reply.ts';

/** API reference of PutRecords, partition keys included: of a record, and of all records of a call. */
export const largestRecordBytes = 1024 * 1024;
export const largestPutBytes = 10 * 1024 * 1024;

/**
 * Refuses what exceeds the limits of PutRecord and PutRecords; kinesalite counts neither the partition key nor the whole request.
 *
 * @throws a fault that the engine answers with status 400
 */
export function checkPutSize(input: Request): void {
  const { Records: records } = input;
  const sizes = (Array.isArray(records) ? records : [input]).map(recordBytes);
  if (sizes.some((size) => size > largestRecordBytes)) {
    throw faultOf('InvalidArgumentException', `Record data and partition key exceed ${largestRecordBytes} bytes`);
  }
  if (sizes.reduce((sum, size) => sum + size, 0) > largestPutBytes) {
    throw faultOf('InvalidArgumentException', `Records size exceeds ${largestPutBytes} bytes`);
  }
}

function recordBytes(record: Request): number {
  const { Data: data, PartitionKey: key } = record;
  if (typeof data !== 'string' || typeof key !== 'string') return 0;
  return Buffer.byteLength(data, 'base64') + Buffer.byteLength(key);
}
