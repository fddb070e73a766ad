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

/** VARIANT takes any text: what is no JSON is kept as a string. */
function variantText(text: string): string {
  return compactJson(text) ?? JSON.stringify(text);
}

function nestedText(text: string, opening: '[' | '{'): string | undefined {
  const json = compactJson(text);
  return json?.startsWith(opening) ? json : undefined;
}
