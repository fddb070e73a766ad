import type { InvokeResult } from '../function-process/invoke-result.ts';

/** What one answer of the function means for the records it was given. */
export type Verdict =
  /** All of them are done. */
  | { readonly kind: 'settled' }
  /** Those before the index are done; the one at the index and all after it come again. */
  | { readonly kind: 'checkpoint'; readonly index: number }
  /** None is done: the function said so, or answered with something that names no record of the batch. */
  | { readonly kind: 'refused' }
  /** None is done: the invocation itself failed. */
  | { readonly kind: 'function-error' };

/**
 * Reads the answer under ReportBatchItemFailures (Lambda guide, services-kinesis-batchfailurereporting): the lowest sequence number is
 * the checkpoint; an empty answer is success; an identifier that is empty, missing or of no record in the batch fails the whole batch.
 */
export function readVerdict(result: InvokeResult, sequenceNumbers: readonly string[]): Verdict {
  if (result.kind !== 'returned') return { kind: 'function-error' };
  const failures = failuresIn(result.payload);
  if (failures === undefined) return { kind: 'refused' };
  if (failures.length === 0) return { kind: 'settled' };
  const places = new Map(sequenceNumbers.map((sequenceNumber, index) => [sequenceNumber, index]));
  const failed = failures.map(identifierOf);
  if (!failed.every((identifier) => identifier !== undefined && places.has(identifier))) return { kind: 'refused' };
  return { kind: 'checkpoint', index: places.get(lowest(failed.filter((identifier) => identifier !== undefined))) ?? 0 };
}

/** Sequence numbers have 56 digits: neither text order nor numbers compare them. */
function lowest(sequenceNumbers: readonly string[]): string {
  return sequenceNumbers.reduce((least, next) => (BigInt(next) < BigInt(least) ? next : least));
}

/**
 * Reads the answer to an SQS event under ReportBatchItemFailures (Lambda guide, services-sqs-errorhandling).
 *
 * @returns the messages that become visible again; all of them when the invocation failed, the answer cannot be read, or an id is none of the batch's
 */
export function failedMessages(result: InvokeResult, messageIds: readonly string[]): ReadonlySet<string> {
  const all = new Set(messageIds);
  if (result.kind !== 'returned') return all;
  const failed = failuresIn(result.payload)?.map(identifierOf);
  if (failed === undefined || !failed.every((id) => id !== undefined && all.has(id))) return all;
  return new Set(failed.filter((id) => id !== undefined));
}

/** The list of failures, empty when the answer counts as success, undefined when it cannot be read. */
function failuresIn(payload: string): readonly unknown[] | undefined {
  const answer = parse(payload);
  if (answer === null || answer === '') return [];
  if (typeof answer !== 'object') return undefined;
  if (Array.isArray(answer)) return answer.length === 0 ? [] : undefined;
  const { batchItemFailures: failures } = answer as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return [];
  return Array.isArray(failures) ? failures : undefined;
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}

function identifierOf(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  const { itemIdentifier: identifier } = failure as { itemIdentifier?: unknown };
  return typeof identifier === 'string' ? identifier : undefined;
}
