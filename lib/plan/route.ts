import { blake3 } from '@noble/hashes/blake3.js';
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

/** Names the way in which the records of a stream are shared out among tables: under equal names no record changes its table. */
export function routesOf({ rules, defaultTarget }: Routing, source: SourceShard): string {
  const all: readonly RouteRule[] = [...rules, ...(defaultTarget === undefined ? [] : [{ target: defaultTarget }])];
  const spelled: unknown[] = [];
  for (const { field, equals, target } of all.filter((rule) => fits(rule, source))) {
    spelled.push([target.database, target.table, field, equals]);
    if (field === undefined) break;
  }
  return Buffer.from(blake3(Buffer.from(JSON.stringify(spelled)), { dkLen: 12 })).toString('base64url');
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
    if (!fits(rule, source)) continue;
    if (rule.field === undefined) return rule.target;
    if (record.kind === 'poison') return undefined;
    if (Object.hasOwn(record.fields ?? {}, rule.field) && record.fields?.[rule.field] === rule.equals) return rule.target;
  }
  return routing.defaultTarget;
}

function fits({ stream }: RouteRule, source: SourceShard): boolean {
  return stream === undefined || stream === source.streamName || stream === source.stream;
}
