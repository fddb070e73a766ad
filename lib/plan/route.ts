import { blake3 } from '@noble/hashes/blake3.js';
import type { Target } from '../ports.ts';
import type { DecodedRecord, SourceShard } from '../source/record.ts';
import { READING } from '../source/rows.ts';
import type { Bytes } from '../units.ts';

/** Sends records to a table. Rules are tried in order, the first that fits decides. */
export interface RouteRule {
  /** Name or ARN of the Kinesis stream, or name of the Iggy stream; any stream when absent. */
  readonly stream?: string;
  /** Name of the Iggy topic; any topic when absent. */
  readonly topic?: string;
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
  /** A larger payload is not read: it has no fields. */
  readonly maxRowBytes: Bytes;
  /** Nor is a packed user record that would take its aggregate past this. */
  readonly maxBatchBytes: Bytes;
}

/**
 * Names which records of a stream belong to a table: under equal names no record comes to it or leaves it. What leads elsewhere counts only
 * as far as it takes records first. Where a field decides, a record that cannot be read goes elsewhere, so what can be read counts too.
 */
export function membersOf({ rules, defaultTarget, ...limits }: Routing, source: SourceShard, target: Target | undefined): string {
  const all: readonly Partial<RouteRule>[] = [...rules.filter((rule) => fits(rule, source)), defaultRule(defaultTarget)];
  const end = all.findIndex(({ field }) => field === undefined);
  const deciding = all
    .slice(0, end + 1)
    .map(({ field, equals, target: to }) => [field, equals, targetName(to) === targetName(target)] as const);
  const here = deciding.slice(0, deciding.findLastIndex(([, , leadsHere]) => leadsHere) + 1);
  const reading = end > 0 ? [READING, limits.maxRowBytes, limits.maxBatchBytes] : [];
  return Buffer.from(blake3(Buffer.from(JSON.stringify([here, reading])), { dkLen: 12 })).toString('base64url');
}

function defaultRule(target: Target | undefined): Partial<RouteRule> {
  return target === undefined ? {} : { target };
}

/** `database.table`, or `-` for none. */
export function targetName(target: Target | undefined): string {
  return target === undefined ? '-' : `${target.database}.${target.table}`;
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

function fits({ stream, topic }: RouteRule, source: SourceShard): boolean {
  if (topic !== undefined && (source.kind !== 'iggy' || topic !== source.topicName)) return false;
  return stream === undefined || stream === source.streamName || (source.kind === 'kinesis' && stream === source.stream);
}

/** Every table that a routing may send rows to, each once. */
export function targetsIn({ rules, defaultTarget }: Routing): readonly Target[] {
  const targets = [...rules.map(({ target }) => target), ...(defaultTarget === undefined ? [] : [defaultTarget])];
  return [...new Map(targets.map((target) => [`${target.database}.${target.table}`, target])).values()];
}
