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
export function membersOf(routing: Routing, source: SourceShard, target: Target | undefined): string {
  const { byField, others } = waysOf(routing, source);
  const leadsHere = (to: Target | undefined) => targetName(to) === targetName(target);
  const deciding = [
    ...byField.map(({ field, equals, target: to }) => [field, equals, leadsHere(to)] as const),
    [undefined, undefined, leadsHere(others)] as const,
  ];
  const here = deciding.slice(0, deciding.findLastIndex(([, , isHere]) => isHere) + 1);
  const reading = byField.length > 0 ? [READING, routing.maxRowBytes, routing.maxBatchBytes] : [];
  return Buffer.from(blake3(Buffer.from(JSON.stringify([here, reading])), { dkLen: 12 })).toString('base64url');
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
 * Tells the table of a record of a source shard; `undefined` when there is none. A poison record has no fields: it goes where every record of
 * its stream would go, and nowhere when a field would decide.
 */
export function routerOf(routing: Routing, source: SourceShard): (record: DecodedRecord) => Target | undefined {
  const { byField, others } = waysOf(routing, source);
  if (byField.length === 0) return () => others;
  return (record) => {
    if (record.kind === 'poison') return undefined;
    const { fields = {} } = record;
    for (const { field, equals, target } of byField) if (Object.hasOwn(fields, field) && fields[field] === equals) return target;
    return others;
  };
}

/** The table of all records of a source shard, poison or not; nothing where a field decides, and where there is none. */
export function onlyTargetOf(routing: Routing, source: SourceShard): Target | undefined {
  const { byField, others } = waysOf(routing, source);
  return byField.length === 0 ? others : undefined;
}

/** Where the records of a source shard go. */
interface Ways {
  /** The rules that look at a field, in order. */
  readonly byField: readonly FieldRule[];
  /** The table of records that none of them takes. */
  readonly others: Target | undefined;
}

type FieldRule = RouteRule & { readonly field: string };

function waysOf({ rules, defaultTarget }: Routing, source: SourceShard): Ways {
  const own = rules.filter((rule) => fits(rule, source));
  const last = own.findIndex((rule) => !looksAtField(rule));
  if (last < 0) return { byField: own.filter(looksAtField), others: defaultTarget };
  return { byField: own.slice(0, last).filter(looksAtField), others: own[last]?.target };
}

function looksAtField(rule: RouteRule): rule is FieldRule {
  return rule.field !== undefined;
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
