import { PlanError } from '../../engine.ts';
import { compactJson } from '../json/scan.ts';
import type { ColumnType } from '../table/types.ts';
import type { Convert } from './cell.ts';
import { dateConvert, datetimeConvert } from './datetime.ts';
import { decimalConvert, floatConvert, integerConvert } from './number.ts';
import type { ZoneOffset } from './zone.ts';

const BOOLEANS: ReadonlyMap<string, string> = new Map([
  ['1', 'true'],
  ['true', 'true'],
  ['0', 'false'],
  ['false', 'false'],
]);

/** Chooses how texts become cells of a column. Lengths are not looked at: the sink does that. */
export function convertFor(type: ColumnType, { strict, zone }: { readonly strict: boolean; readonly zone: ZoneOffset }): Convert {
  switch (type.kind) {
    case 'boolean':
      return (text) => BOOLEANS.get(text.trim().toLowerCase());
    case 'integer':
      return integerConvert(type, strict);
    case 'float':
      return floatConvert(type.name);
    case 'decimal':
      return decimalConvert(type.precision, type.scale);
    case 'date':
      return dateConvert(zone);
    case 'datetime':
      return datetimeConvert(type.scale, zone);
    case 'text':
    case 'state':
      return (text) => text;
    case 'json':
      return type.name === 'JSON' ? compactJson : variantText;
    case 'nested':
      return (text) => nestedText(text, type.shape === 'array' ? '[' : '{');
    default:
      return type satisfies never;
  }
}

/** `variant_max_json_key_length`; the first releases with VARIANT refuse keys of 255 bytes, too. */
const LONGEST_VARIANT_KEY = 255;

/** VARIANT takes any text: what is no JSON is kept as a string. Too long a key fails the whole load (json_parser.cpp; apache/doris#64281). */
function variantText(text: string): string {
  const json = compactJson(text);
  if (json !== undefined && Buffer.byteLength(json) > LONGEST_VARIANT_KEY && hasLongKey(json))
    throw new PlanError('INVALID_ARGUMENT', `Key length exceeds maximum allowed size of ${LONGEST_VARIANT_KEY} bytes.`);
  return json ?? JSON.stringify(text);
}

function hasLongKey(json: string): boolean {
  for (const [, key] of json.matchAll(/("(?:[^"\\]|\\.)*":)|"(?:[^"\\]|\\.)*"/g))
    if (key !== undefined && Buffer.byteLength(JSON.parse(key.slice(0, -1))) > LONGEST_VARIANT_KEY) return true;
  return false;
}

function nestedText(text: string, opening: '[' | '{'): string | undefined {
  const json = compactJson(text);
  return json?.startsWith(opening) ? json : undefined;
}
