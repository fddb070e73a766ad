import { largestRequest } from '../function-process/invoke-result.ts';
import { envelopeBytes, type ShardRecord, separatorBytes } from './kinesis-event.ts';

/** How many records from the head go into one event. */
export interface Cut {
  readonly count: number;
  /** True when nothing more fits: the batch need not wait for its window. */
  readonly isFull: boolean;
}

/** Takes as many records as the batch size and Lambda's 6 MB allow; a record that is larger by itself goes alone. */
export function cutBatch(records: readonly Pick<ShardRecord, 'bytes'>[], batchSize: number): Cut {
  let bytes = envelopeBytes - separatorBytes;
  const most = Math.min(records.length, batchSize);
  for (let count = 0; count < most; count++) {
    bytes += (records[count]?.bytes ?? 0) + separatorBytes;
    if (bytes > largestRequest && count > 0) return { count, isFull: true };
  }
  return { count: most, isFull: most === batchSize || bytes > largestRequest };
}
