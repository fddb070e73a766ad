import type { DeadLetter } from '../../../lib/dead-letter/letter.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import { epochMillis } from '../../../lib/units.ts';
import { aRecord, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';

/** A dead letter of a record that could not be decoded. */
export function aLetter(more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    fault: { errorClass: 'decode', reason: 'payload is not JSON' },
    source: { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID },
    record: aRecord('{"a":', { position: kinesisPosition('495', 3), arrivedAt: epochMillis(Date.UTC(2026, 10, 20, 11, 59, 58, 500)) }),
    target: 'shop.orders',
    failedAt: epochMillis(Date.UTC(2026, 10, 20, 12)),
    ...more,
  };
}

/** A dead letter with this payload. */
export function letterOf(payload: string | Uint8Array, sequenceNumber = '495'): DeadLetter {
  return aLetter({ record: aRecord(payload, { position: kinesisPosition(sequenceNumber) }) });
}
