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

/** What is allowed, in words. */
const RULES: Readonly<Record<string, string>> = {
  where: 'a list of conditions like "table=orders"',
  dryRun: 'true or false',
  rate: 'a number above 0, 10000 at most',
  limit: 'a whole number above 0',
  unverifiable: 'keep or load',
  from: 'the URL of a queue or s3://bucket/prefix',
} satisfies Record<keyof z.output<typeof schema>, string>;

/** Checks the options of a redrive. @throws {ConfigError} naming every fault: the option, the value, and what is allowed. */
export function readOptions(event: unknown): Pick<Wanted, 'options' | 'reloadUnverifiable' | 'from'> {
  const parsed = schema.safeParse(event ?? {});
  if (!parsed.success) throw new ConfigError([...new Set(parsed.error.issues.flatMap((issue) => faultsOf(issue, event)))]);
  const { where, dryRun, rate, limit, unverifiable, from } = parsed.data;
  const faults: string[] = [];
  const conditions = where.flatMap((text) => conditionOf(text, faults));
  const place = from === undefined ? undefined : placeOf(from);
  if (place === null) faults.push(mustBe('from', from));
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    options: { where: conditions, dryRun, ...(rate === undefined ? {} : { rate }), ...(limit === undefined ? {} : { limit }) },
    reloadUnverifiable: unverifiable === 'load',
    ...(place == null ? {} : { from: place }),
  };
}

function faultsOf(issue: z.core.$ZodIssue, event: unknown): string[] {
  const allowed = Object.keys(RULES).join(', ');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => `${name}: is no option of a redrive; allowed: ${allowed}`);
  const [option] = issue.path;
  if (option === undefined) return [`event: must be an object of options (given ${JSON.stringify(event)})`];
  return [mustBe(String(option), new Map<unknown, unknown>(Object.entries(event ?? {})).get(option))];
}

function mustBe(option: string, given: unknown): string {
  return `${option}: must be ${RULES[option]} (given ${JSON.stringify(given)})`;
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
