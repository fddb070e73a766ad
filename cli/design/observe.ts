import type { SampleRow } from '../../lib/doctor/sample.ts';

/** A value of a field, by what decides its column. Numbers keep every digit. */
export type Observed =
  | { readonly kind: 'null' | 'boolean' | 'object' }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'array'; readonly elements: readonly Observed[] };

/** All values of one field, and in how many rows it is. */
export interface ObservedField {
  readonly name: string;
  readonly values: readonly Observed[];
  readonly rows: number;
}

/** Marks a number that was put between quotes; no JSON text can hold it unescaped. */
const MARK = '\u0001#';
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** The fields of a sample in the order in which they first come. */
export function observe(rows: readonly SampleRow[]): readonly ObservedField[] {
  const fields = new Map<string, Observed[]>();
  for (const { text } of rows) {
    for (const [name, value] of Object.entries(exactly(text))) {
      const values = fields.get(name) ?? [];
      values.push(observedIn(value));
      fields.set(name, values);
    }
  }
  return [...fields].map(([name, values]) => ({ name, values, rows: rows.length }));
}

/** The object with its numbers as marked texts: a number of JavaScript would round those of more than 15 digits. */
function exactly(text: string): Readonly<Record<string, unknown>> {
  const quoted = text.replace(TOKENS, (token) => (token.startsWith('"') ? token : JSON.stringify(`${MARK}${token}`)));
  const value: object = JSON.parse(quoted);
  return Object.fromEntries(Object.entries(value));
}

function observedIn(value: unknown): Observed {
  if (value === null) return { kind: 'null' };
  if (Array.isArray(value)) return { kind: 'array', elements: value.map(observedIn) };
  if (typeof value === 'string')
    return value.startsWith(MARK) ? { kind: 'number', text: value.slice(MARK.length) } : { kind: 'text', text: value };
  return { kind: typeof value === 'boolean' ? 'boolean' : 'object' };
}
