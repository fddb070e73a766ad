import { closest } from 'fastest-levenshtein';
import { ERROR_CLASSES, type StoredLetter } from '../dead-letter/read.ts';
import { spellPosition } from '../source/position.ts';

/** What a condition may look at. */
const FIELDS = {
  errorClass: ({ errorClass }) => errorClass,
  reason: ({ reason }) => reason,
  source: ({ source }) => source.kind,
  stream: ({ source }) => source.stream,
  shard: ({ source }) => source.shard,
  position: ({ position }) => spellPosition(position),
  target: ({ target }) => target,
  // Lists show a table with its database; people and events also name it alone.
  table: ({ target }, wanted) => (wanted.includes('.') ? target : (target.split('.').at(-1) ?? '')),
  label: ({ label }) => label ?? '-',
  failedAt: ({ failedAt }) => failedAt,
  arrivedAt: ({ arrivedAt }) => new Date(arrivedAt).toISOString(),
  partitionKey: ({ partitionKey }) => partitionKey ?? '',
} as const satisfies Record<string, (letter: StoredLetter, wanted: string) => string>;

/** Names of what conditions look at. */
export const WHERE_FIELDS = Object.keys(FIELDS);

type Field = keyof typeof FIELDS;

/** All values of a field that has few. */
const VALUES: Readonly<Record<string, readonly string[]>> = { errorClass: ERROR_CLASSES, source: ['kinesis', 'iggy'] };

/** Whether a letter is meant. */
export type Condition = (letter: StoredLetter) => boolean;

/** Text compares as text, digits (positions) as numbers of any length, times by their ISO form, which may be cut short: `failedAt>=2026-11-21`. */
const OPERATORS = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '~': (a, b) => a.includes(b),
  '!~': (a, b) => !a.includes(b),
  '<': (a, b) => order(a, b) < 0,
  '<=': (a, b) => order(a, b) <= 0,
  '>': (a, b) => order(a, b) > 0,
  '>=': (a, b) => order(a, b) >= 0,
} as const satisfies Record<string, (value: string, wanted: string) => boolean>;

function order(a: string, b: string): number {
  const bothDigits = /^\d+(:\d+)?$/.test(a) && /^\d+(:\d+)?$/.test(b);
  const [left, right] = bothDigits ? [sortable(a), sortable(b)] : [a, b];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function sortable(digits: string): string {
  return digits
    .split(':')
    .map((part) => part.padStart(129, '0'))
    .join(':');
}

/**
 * Reads one condition, like `errorClass=data-quality`, `reason~amount`, `failedAt>=2026-11-21T03:00`. Operators: `= != ~ !~ < <= > >=`.
 * @throws {RangeError} naming what is wrong and what is allowed.
 */
export function parseCondition(text: string): Condition {
  const [, name = '', operator = '', wanted = ''] = /^\s*(\w+)\s*(!=|!~|<=|>=|=|~|<|>)\s*(.*)$/s.exec(text) ?? [];
  if (operator === '')
    throw new RangeError(`"${text}" is no condition; write <field><operator><value> with one of ${Object.keys(OPERATORS).join(' ')}`);
  if (!Object.hasOwn(FIELDS, name)) {
    throw new RangeError(`"${name}" is no field of a letter; did you mean ${fieldMeantBy(name)}? Fields: ${WHERE_FIELDS.join(', ')}`);
  }
  if (operator === '=' || operator === '!=') refuseUnknownValue(name, wanted);
  const read = FIELDS[name as Field];
  const holds = OPERATORS[operator as keyof typeof OPERATORS];
  return (letter) => holds(read(letter, wanted), wanted);
}

/** A slip in a class would mean no letter, or with `!=` every one. */
function refuseUnknownValue(field: string, wanted: string): void {
  const values = VALUES[field];
  if (values === undefined || values.includes(wanted)) return;
  throw new RangeError(`"${wanted}" is no ${field}; did you mean ${closest(wanted, values)}? Values: ${values.join(', ')}`);
}

/** The field that a part of its name means, or the nearest. */
function fieldMeantBy(name: string): string {
  const part = name.toLowerCase();
  return WHERE_FIELDS.find((field) => field.toLowerCase().includes(part)) ?? closest(name, WHERE_FIELDS);
}
