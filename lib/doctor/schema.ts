import type { Column } from '../doris/columns.ts';
import { type Finding, fault, ok, warning } from './finding.ts';
import type { SampleRow } from './sample.ts';

type Filled = readonly { readonly setting: string; readonly column: string }[];

/**
 * Compares a table with what will be loaded into it: the columns that settings fill, and rows of a sample. Keys of a row are columns only as
 * the table spells them, letter case included (reference 9.6).
 */
export function schemaFindings(
  table: string,
  columns: readonly Column[],
  samples: readonly SampleRow[] | undefined,
  filled: Filled,
): readonly Finding[] {
  const names = new Set(columns.map(({ name }) => name));
  const findings = [
    ...filled.filter(({ column }) => !names.has(column)).map((one) => noColumn(table, columns, one)),
    ...(samples === undefined || samples.length === 0
      ? []
      : sampleFindings(table, columns, names, samples, new Set(filled.map(({ column }) => column)))),
  ];
  return findings.length === 0 ? [ok('schema', table, `${columns.length} columns; ${comparedWith(samples)}`)] : findings;
}

const WITH_ZONE = /^\s*\d{4}-?\d\d-?\d\d[T ].*(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*$/i;

/** Times of a sample that name a zone, while nothing says to which zone Doris is to convert them: releases differ in what they take then. */
export function zoneFindings(
  table: string,
  columns: readonly Column[],
  samples: readonly SampleRow[],
  timeZone: string | undefined,
): readonly Finding[] {
  if (timeZone !== undefined) return [];
  const zoned = columns.filter(
    ({ name, type }) => /^date/.test(type) && samples.some(({ fields }) => WITH_ZONE.test(String(fields[name] ?? ''))),
  );
  if (zoned.length === 0) return [];
  const names = zoned.map(({ name }) => name).join(', ');
  return [
    warning(
      'schema',
      table,
      `times of ${names} name a zone, and DORIS_TIME_ZONE is not set: some releases of Doris convert them to Asia/Shanghai, others to the zone of the cluster`,
      'set DORIS_TIME_ZONE to the zone in which the table is read, UTC for example (docs/columns.md)',
    ),
  ];
}

function comparedWith(samples: readonly SampleRow[] | undefined): string {
  if (samples === undefined) return 'name a --sample to compare rows with them';
  return samples.length === 0
    ? 'no row of the sample is routed here; --stream tells of which stream it is'
    : `${samples.length} sample rows fit`;
}

function noColumn(table: string, columns: readonly Column[], { setting, column }: Filled[number]): Finding {
  const alike = columns.find(({ name }) => name.toLowerCase() === column.toLowerCase());
  const advice =
    alike === undefined
      ? `ALTER TABLE ... ADD COLUMN ${column}, or change ${setting} (docs/columns.md)`
      : `spell it ${alike.name} in ${setting}, as the table does: under another letter case Doris ignores it without a word`;
  return fault('schema', table, `has no column ${column}, which ${setting} fills`, advice);
}

function sampleFindings(
  table: string,
  columns: readonly Column[],
  names: ReadonlySet<string>,
  samples: readonly SampleRow[],
  filled: ReadonlySet<string>,
): readonly Finding[] {
  const fields = new Set(samples.flatMap((row) => Object.keys(row.fields)));
  const dropped = [...fields].filter((field) => !names.has(field));
  const missing = columns.filter(({ name }) => !fields.has(name) && !filled.has(name));
  return [
    ...(dropped.length === 0
      ? []
      : [
          warning(
            'schema',
            table,
            `has no column for ${dropped.join(', ')}: Doris drops these fields without a word (letter case counts)`,
            'add the columns, or be content that the fields are not kept',
          ),
        ]),
    ...missing
      .filter(isDemanded)
      .map(({ name, type }) =>
        fault(
          'schema',
          table,
          `column ${name} (${type}) is NOT NULL without a default, and no sample row has it: every such row is refused`,
          'send the field, give the column a default, or make it NULL',
        ),
      ),
    ...columns.flatMap((column) => misfit(table, column, samples)),
  ];
}

/** A row without the column is refused. */
function isDemanded({ nullable, standard }: Column): boolean {
  return !nullable && standard === undefined;
}

function misfit(table: string, column: Column, samples: readonly SampleRow[]): readonly Finding[] {
  for (const { line, fields } of samples) {
    const why = Object.hasOwn(fields, column.name) ? objectionTo(fields[column.name], column) : undefined;
    if (why !== undefined)
      return [
        fault(
          'schema',
          table,
          `column ${column.name} (${column.type}) takes no ${why} (line ${line} of the sample)`,
          'correct the producer or the type of the column: Doris refuses such rows',
        ),
      ];
  }
  return [];
}

/** Types of which no text is a value unless it looks like one. Booleans load as 1 and 0. */
const SHAPES = [
  [/^(tinyint|smallint|int|bigint|largeint)$/, /^\s*[-+]?\d+(\.\d*)?\s*$|^(true|false)$/, 'whole number'],
  [/^(float|double|decimal\w*)$/, /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$|^(true|false)$/i, 'number'],
  [/^date/, /^\s*\d{4}-?\d\d-?\d\d/, 'date'],
] as const;

/** Why strict mode refuses a value, as far as one can say without Doris; never the value itself. */
export function objectionTo(value: unknown, column: Pick<Column, 'type' | 'nullable'>): string | undefined {
  if (value === null) return column.nullable ? undefined : 'null';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const base = column.type.replace(/[(<].*$/, '');
  const shape = SHAPES.find(([types]) => types.test(base));
  if (shape !== undefined && !shape[1].test(text)) return `${kindOf(value)} that is no ${shape[2]}`;
  return tooLong(text, column.type) ?? tooLarge(value, text, column.type);
}

/** Bits of the whole numbers, with the sign. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ['tinyint', 8],
  ['smallint', 16],
  ['int', 32],
  ['bigint', 64],
  ['largeint', 128],
]);

/** Some releases cut digits off a DECIMAL that has no room for them, in strict mode, too (apache/doris#39864). */
function tooLarge(value: unknown, text: string, type: string): string | undefined {
  const [, sign, digits = ''] = /^\s*([-+]?)0*(\d+)(?:\.\d*)?\s*$/.exec(text) ?? [];
  // What JSON.parse rounded says nothing of the number that was sent.
  if (digits === '' || (typeof value === 'number' && !Number.isSafeInteger(Math.trunc(value)))) return undefined;
  const width = WIDTHS.get(type);
  if (width !== undefined) {
    const largest = 2n ** BigInt(width - 1) - (sign === '-' ? 0n : 1n);
    return BigInt(digits) > largest ? `whole number of more than ${width} bits` : undefined;
  }
  const [, precision, scale = '0'] = /^decimal\w*\((\d+)(?:,\s*(\d+))?\)$/.exec(type) ?? [];
  const room = Number(precision) - Number(scale);
  return digits !== '0' && digits.length > room ? `number of ${digits.length} digits before the point` : undefined;
}

function tooLong(text: string, type: string): string | undefined {
  const longest = /^(?:var)?char\((\d+)\)/.exec(type)?.[1];
  const size = Buffer.byteLength(text);
  return longest !== undefined && size > Number(longest) ? `text of ${size} bytes` : undefined;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'string' ? 'text' : typeof value;
}
