import type { Target } from '../ports.ts';
import type { DecodedRecord, SourceShard } from '../source/record.ts';

/** Sends records to a table. Rules are tried in order, the first that fits decides. */
export interface RouteRule {
  /** Name or ARN of the stream; any stream when absent. */
  readonly stream?: string;
  /** A top-level field of the record and the value that it must have: text, boolean or safe integer. Of a duplicate key the first counts, as in Doris. */
  readonly field?: string;
  readonly equals?: string | number | boolean;
  readonly target: Target;
}

/** All that routing knows. */
export interface Routing {
  readonly rules: readonly RouteRule[];
  /** For records that no rule fits; without one they are unroutable. */
  readonly defaultTarget?: Target;
}

/** The fields that rules look at. */
export function routedFields(routing: Routing): string[] {
  return [...new Set(routing.rules.flatMap(({ field }) => field ?? []))];
}

/**
 * The table of a record; `undefined` when there is none. A poison record has no fields: it goes where every record of its stream would
 * go, and nowhere when a field would decide.
 */
export function route(routing: Routing, source: SourceShard, record: DecodedRecord): Target | undefined {
  for (const rule of routing.rules) {
    if (rule.stream !== undefined && rule.stream !== source.streamName && rule.stream !== source.stream) continue;
    if (rule.field === undefined) return rule.target;
    if (record.kind === 'poison') return undefined;
    if (Object.hasOwn(record.fields ?? {}, rule.field) && record.fields?.[rule.field] === rule.equals) return rule.target;
  }
  return routing.defaultTarget;
}
