import { faultOf, type Request } from './reply.ts';

/** API reference of PutRecords: partition keys included. */
const largestRecord = 1024 * 1024;
const largestRequest = 10 * 1024 * 1024;

/**
 * Refuses what exceeds the limits of PutRecord and PutRecords; kinesalite counts neither the partition key nor the whole request.
 *
 * @throws a fault that the engine answers with status 400
 */
export function checkPutSize(input: Request): void {
  const { Records: records } = input;
  const sizes = (Array.isArray(records) ? records : [input]).map(recordBytes);
  if (sizes.some((size) => size > largestRecord)) {
    throw faultOf('InvalidArgumentException', `Record data and partition key exceed ${largestRecord} bytes`);
  }
  if (sizes.reduce((sum, size) => sum + size, 0) > largestRequest) {
    throw faultOf('InvalidArgumentException', `Records size exceeds ${largestRequest} bytes`);
  }
}

function recordBytes(record: Request): number {
  const { Data: data, PartitionKey: key } = record;
  if (typeof data !== 'string' || typeof key !== 'string') return 0;
  return Buffer.byteLength(data, 'base64') + Buffer.byteLength(key);
}
