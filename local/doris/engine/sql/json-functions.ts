import { fieldText } from '../json/object.ts';
import { findPath, parseJsonPath } from '../json/path.ts';
import { compactJson } from '../json/scan.ts';
import { numberOf, stringOf, type Value } from './value.ts';

type JsonFunction = (args: readonly Value[]) => Value;

/** The text at a path: strings without quotes, everything else as JSON; `null` for nothing and for null. */
function textAt([document = null, path = null]: readonly Value[]): string | null {
  const json = compactJson(stringOf(document) ?? '');
  const steps = parseJsonPath(stringOf(path) ?? '');
  const span = json !== undefined && steps ? findPath(json, 0, steps) : undefined;
  if (json === undefined || !span) return null;
  const first = json.charAt(span.start);
  return first === 't' || first === 'f' ? json.slice(span.start, span.end) : (fieldText(json, span.start, span.end) ?? null);
}

function wholeNumberAt(args: readonly Value[]): Value {
  const number = numberOf(textAt(args));
  return typeof number === 'number' ? BigInt(Math.trunc(number)) : number;
}

function numberAt(args: readonly Value[]): Value {
  const number = numberOf(textAt(args));
  return number === null ? null : Number(number);
}

/** Functions of JSON texts, by lower-case name. */
export const JSON_FUNCTIONS: readonly (readonly [string, JsonFunction])[] = [
  ['json_extract_string', textAt],
  ['jsonb_extract_string', textAt],
  ['get_json_string', textAt],
  ['json_extract_int', wholeNumberAt],
  ['jsonb_extract_int', wholeNumberAt],
  ['json_extract_bigint', wholeNumberAt],
  ['jsonb_extract_bigint', wholeNumberAt],
  ['get_json_int', wholeNumberAt],
  ['get_json_bigint', wholeNumberAt],
  ['json_extract_double', numberAt],
  ['jsonb_extract_double', numberAt],
  ['get_json_double', numberAt],
];
