import { type Call, header } from './call.ts';
import type { ReadOptions, TableName } from './engine.ts';

/** A stream load as its headers put it, before anything was checked. */
export interface LoadRequest {
  /** Database and table alone, to hand on. */
  readonly target: TableName;
  readonly call: Call;
  readonly database: string;
  readonly table: string;
  /** The client's; `''` when it sent none. */
  readonly label: string;
  readonly twoPhase: boolean;
  /** Every header but Authorization; empty ones are absent. */
  readonly options: ReadOptions;
  readonly startedAt: number;
}

/** Collects what the headers say (reference 2.1 step 1). */
export function loadRequestOf(call: Call, startedAt: number): LoadRequest {
  const { request, place } = call;
  const options = Object.fromEntries(
    Object.keys(request.headers).flatMap((name) => {
      const value = name === 'authorization' ? undefined : header(request, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const { database, table } = place;
  // Exactly the lower-case text: `TRUE` is no two-phase commit.
  return {
    call,
    target: { database, table },
    database,
    table,
    label: options['label'] ?? '',
    twoPhase: options['two_phase_commit'] === 'true',
    options,
    startedAt,
  };
}

/** True for the text `true` in any case, as Doris reads most of its switches. */
export function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

/** True when the body comes in chunks, and so without a length. */
export function isChunked({ options }: LoadRequest): boolean {
  return options['transfer-encoding']?.includes('chunked') ?? false;
}

/** Reads what std::stoi reads: an integer at the start of the text. @returns undefined when there is none */
export function leadingInteger(text: string): number | undefined {
  const digits = /^\s*[+-]?\d+/.exec(text);
  return digits ? Number(digits[0]) : undefined;
}
