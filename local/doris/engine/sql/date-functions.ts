import { dateConvert, datetimeConvert, datetimeText } from '../convert/datetime.ts';
import { LOCAL_ZONE } from '../convert/zone.ts';
import type { RowContext } from '../load/row-values.ts';
import { numberOf, stringOf, type Value } from './value.ts';

type DateFunction = (args: readonly Value[], context: RowContext) => Value;

const toDate = dateConvert(LOCAL_ZONE);
const toDatetime = datetimeConvert(6, LOCAL_ZONE);

/** A whole-number part of a date or time. */
function part(from: number, to: number): DateFunction {
  return ([value = null]) => {
    const text = datetimeOf(value);
    return text === null ? null : BigInt(text.slice(from, to));
  };
}

function dateOnly([value = null]: readonly Value[]): Value {
  const text = stringOf(value);
  return text === null ? null : (toDate(text) ?? null);
}

function fromUnixtime([value = null, format = '%Y-%m-%d %H:%i:%s']: readonly Value[], { zone }: RowContext): Value {
  const seconds = numberOf(value);
  if (seconds === null || format === null) return null;
  const utc = Math.floor(Number(seconds));
  return formatted(datetimeText(BigInt(utc + zone(utc)) * 1_000_000n, 6), String(format));
}

function unixTimestamp([value]: readonly Value[], { zone, now }: RowContext): Value {
  const text = stringOf(value ?? null) ?? (value === undefined ? now() : null);
  const local = text === null ? undefined : toDatetime(text);
  if (local === undefined) return null;
  const seconds = Date.parse(`${local.slice(0, 10)}T${local.slice(11, 19)}Z`) / 1000;
  return BigInt(seconds - zone(seconds - zone(seconds)));
}

function datetimeOf(value: Value): string | null {
  const text = stringOf(value);
  const moment = text === null ? undefined : toDatetime(text);
  return moment?.padEnd(26, moment.includes('.') ? '0' : '.000000') ?? null;
}

/** MySQL's format letters over `2024-04-02 17:00:00.000000`. Unknown letters stand for themselves. */
function formatted(text: string, format: string): string {
  const parts: Readonly<Record<string, string>> = {
    Y: text.slice(0, 4),
    y: text.slice(2, 4),
    m: text.slice(5, 7),
    c: String(Number(text.slice(5, 7))),
    d: text.slice(8, 10),
    e: String(Number(text.slice(8, 10))),
    H: text.slice(11, 13),
    k: String(Number(text.slice(11, 13))),
    i: text.slice(14, 16),
    s: text.slice(17, 19),
    S: text.slice(17, 19),
    f: text.slice(20, 26),
    T: text.slice(11, 19),
    F: text.slice(0, 10),
  };
  const known =
    format === 'yyyyMMdd'
      ? '%Y%m%d'
      : format === 'yyyy-MM-dd'
        ? '%Y-%m-%d'
        : format === 'yyyy-MM-dd HH:mm:ss'
          ? '%Y-%m-%d %H:%i:%s'
          : format;
  return known.replace(/%(.)/g, (_, letter: string) => parts[letter] ?? letter);
}

/** Functions of dates and times, by lower-case name. */
export const DATE_FUNCTIONS: readonly (readonly [string, DateFunction])[] = [
  ['year', part(0, 4)],
  ['month', part(5, 7)],
  ['day', part(8, 10)],
  ['dayofmonth', part(8, 10)],
  ['hour', part(11, 13)],
  ['minute', part(14, 16)],
  ['second', part(17, 19)],
  ['date', dateOnly],
  ['to_date', dateOnly],
  ['from_unixtime', fromUnixtime],
  ['unix_timestamp', unixTimestamp],
  ['now', (_, { now }) => now().slice(0, 19)],
  ['current_timestamp', (_, { now }) => now().slice(0, 19)],
  ['current_date', (_, { now }) => now().slice(0, 10)],
  [
    'date_format',
    ([value = null, format = null]) => {
      const text = datetimeOf(value);
      return text === null || format === null ? null : formatted(text, String(format));
    },
  ],
];
