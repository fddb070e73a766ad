import * as z from 'zod';
import { ConfigError } from '../errors.ts';
import { type Condition, parseCondition } from './where.ts';
import type { Wanted } from './wire.ts';

const schema = z.strictObject({
  /** Conditions that all must hold. */
  where: z.array(z.string()).default([]),
  dryRun: z.boolean().default(false),
  /** Letters a second, at most. */
  rate: z.number().positive().max(10_000).optional(),
  /** Letters, at most. */
  limit: z.int().positive().optional(),
  /** `load`: letters of records that may be in the table already, too. */
  unverifiable: z.enum(['keep', 'load']).default('keep'),
  /** A queue, or `s3://bucket/prefix`, where Lambda reports batches that it gave up. Default: the dead-letter queue of the loader. */
  from: z.string().optional(),
});

/** Checks the options of a redrive. @throws {ConfigError} naming every fault: the option, the value, and what is allowed. */
export function readOptions(event: unknown): Pick<Wanted, 'options' | 'reloadUnverifiable' | 'from'> {
  const parsed = schema.safeParse(event ?? {});
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'event'}: ${message}`));
  const { where, dryRun, rate, limit, unverifiable, from } = parsed.data;
  const faults: string[] = [];
  const conditions = where.flatMap((text) => conditionOf(text, faults));
  const place = from === undefined ? undefined : placeOf(from);
  if (place === null) faults.push(`from: must be the URL of a queue or s3://bucket/prefix (given ${JSON.stringify(from)})`);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    options: { where: conditions, dryRun, ...(rate === undefined ? {} : { rate }), ...(limit === undefined ? {} : { limit }) },
    reloadUnverifiable: unverifiable === 'load',
    ...(place == null ? {} : { from: place }),
  };
}

function conditionOf(text: string, faults: string[]): Condition[] {
  try {
    return [parseCondition(text)];
  } catch (error) {
    faults.push(`where: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

function placeOf(text: string): NonNullable<Wanted['from']> | null {
  const [, bucket, prefix = ''] = /^s3:\/\/([-.a-z0-9]{3,63})(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket !== undefined) return { kind: 'bucket', bucket, prefix };
  return /^https?:\/\//.test(text) && URL.canParse(text) ? { kind: 'queue', url: text } : null;
}
