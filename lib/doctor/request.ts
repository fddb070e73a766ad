import * as z from 'zod';
import { ConfigError } from '../errors.ts';
import type { Subjects } from './diagnose.ts';

const schema = z.strictObject({
  samples: z.array(z.strictObject({ line: z.int().positive(), fields: z.record(z.string(), z.unknown()), text: z.string() })).default([]),
  streams: z.array(z.string().min(1)).optional(),
  functionTimeout: z.int().min(1).max(900).optional(),
});

/** Reads what an invocation of the function asks doctor for. @throws {ConfigError} naming every fault. */
export function readSubjects(event: unknown): Subjects {
  const parsed = schema.safeParse(event ?? {});
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'event'}: ${message}`));
  const { samples, streams, functionTimeout } = parsed.data;
  return { samples, ...(streams === undefined ? {} : { streams }), ...(functionTimeout === undefined ? {} : { functionTimeout }) };
}
