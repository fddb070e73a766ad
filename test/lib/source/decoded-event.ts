import { type DecodeRules, decodeKinesisEvent } from '../../../lib/source/kinesis.ts';
import { spellPosition } from '../../../lib/source/position.ts';
import type { Batch } from '../../../lib/source/record.ts';
import { mebibytes } from '../../../lib/units.ts';
import { type EventRecord, kinesisEvent } from '../../support/builders.ts';

/** Limits that no record of these tests comes near, unless it says so. */
export const RULES: DecodeRules = { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(16), keepFields: [] };

/** The batches of an event of these records. */
export function decode(records: readonly EventRecord[], rules: Partial<DecodeRules> = {}): Batch[] {
  return decodeKinesisEvent(kinesisEvent(records), { ...RULES, ...rules });
}

/** The one batch of such an event. */
export function only(records: readonly EventRecord[], rules: Partial<DecodeRules> = {}): Batch {
  const [batch, ...others] = decode(records, rules);
  if (batch === undefined || others.length > 0) throw new Error('not one batch');
  return batch;
}

export const positionsOf = ({ records }: Batch): string[] => records.map(({ record }) => spellPosition(record.position));
