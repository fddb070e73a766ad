import { DuckDBDateValue, DuckDBTimestampValue } from '@duckdb/node-api';
import { dateOf, daysOf, isDate } from './calendar.ts';
import type { Convert } from './cell.ts';
import { fixedOffset, type ZoneOffset } from './zone.ts';

/** A moment on the calendar without a zone: day number, second of the day, microsecond. */
interface Moment {
  readonly days: number;
  readonly seconds: number;
  readonly micros: number;
}

/** A blank, a `T` or a colon may stand between date and time (test_csv_with_double_quotes); single digits will do. */
const LOOSE =
  /^\s*(\d{4}|\d{2})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T:]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?)?\s*(Z|UTC|[+-]\d{1,2}:\d{2})?\s*$/;
const COMPACT = /^\s*(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})(?:\.(\d+))?)?\s*(Z|[+-]\d{1,2}:\d{2})?\s*$/;
const DAY_SECONDS = 86_400;

/** DATE: the time of day, when there is one, is cut off. */
export function dateConvert(zone: ZoneOffset): Convert {
  return (text) => {
    const moment = parseMoment(text, zone);
    return moment && new DuckDBDateValue(moment.days);
  };
}

/** DATETIME(scale): digits past the scale are rounded. A text with an offset is moved into the zone of the load. */
export function datetimeConvert(scale: number, zone: ZoneOffset): Convert {
  const unit = 10 ** (6 - scale);
  return (text) => {
    const moment = parseMoment(text, zone);
    return moment && timestampOf(moment, unit);
  };
}

/** `2024-04-02 17:00:00`, with as many digits of the second as the scale says. */
export function datetimeText(micros: bigint, scale: number): string {
  const seconds = Number(floorDivide(micros, 1_000_000n));
  const fraction = Number(micros - BigInt(seconds) * 1_000_000n);
  const days = Math.floor(seconds / DAY_SECONDS);
  const rest = seconds - days * DAY_SECONDS;
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map((part) => String(part).padStart(2, '0')).join(':');
  const digits = scale > 0 ? `.${String(fraction).padStart(6, '0').slice(0, scale)}` : '';
  return `${dateText(days)} ${time}${digits}`;
}

/** `2024-04-02`. */
export function dateText(days: number): string {
  const { year, month, day } = dateOf(days);
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

/** Numbers hold the microseconds of any year up to 2255; later ones need a bigint throughout. */
function timestampOf({ days, seconds, micros }: Moment, unit: number): DuckDBTimestampValue {
  const fraction = unit === 1 ? micros : Math.round(micros / unit) * unit;
  const whole = days * DAY_SECONDS + seconds;
  const small = whole * 1_000_000 + fraction;
  return new DuckDBTimestampValue(Number.isSafeInteger(small) ? BigInt(small) : BigInt(whole) * 1_000_000n + BigInt(fraction));
}

function parseMoment(text: string, zone: ZoneOffset): Moment | undefined {
  const plain = plainMoment(text);
  if (plain) return plain;
  const parts = LOOSE.exec(text) ?? COMPACT.exec(text);
  if (!parts) return undefined;
  const [, year = '', month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = parts;
  const moment = momentOf(fullYear(year), Number(month), Number(day), Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  if (!moment || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return shifted({ ...moment, micros: microsOf(fraction) }, offset, zone);
}

function momentOf(year: number, month: number, day: number, seconds: number): Moment | undefined {
  return isDate(year, month, day) ? { days: daysOf(year, month, day), seconds, micros: 0 } : undefined;
}

/** Two digits: 70 to 99 are the 1900s, the others the 2000s, as in MySQL. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 2) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

function microsOf(fraction: string): number {
  return Math.round(Number(`0.${fraction || '0'}`) * 1_000_000);
}

function shifted(moment: Moment, offset: string | undefined, zone: ZoneOffset): Moment {
  if (offset === undefined) return moment;
  const utc = moment.days * DAY_SECONDS + moment.seconds - (fixedOffset(offset) ?? 0);
  const local = utc + zone(utc);
  const days = Math.floor(local / DAY_SECONDS);
  return { days, seconds: local - days * DAY_SECONDS, micros: moment.micros };
}

/** The fast path: exactly `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`. */
function plainMoment(text: string): Moment | undefined {
  if (text.length !== 10 && text.length !== 19) return undefined;
  if (text.charAt(4) !== '-' || text.charAt(7) !== '-') return undefined;
  const seconds = text.length === 10 ? 0 : plainSeconds(text);
  const moment = momentOf(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10), seconds);
  return seconds >= 0 ? moment : undefined;
}

function plainSeconds(text: string): number {
  const between = text.charAt(10);
  if ((between !== ' ' && between !== 'T') || text.charAt(13) !== ':' || text.charAt(16) !== ':') return -1;
  const [hour, minute, second] = [digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19)];
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 ? hour * 3600 + minute * 60 + second : -1;
}

/** The number that the characters spell; below zero when one of them is no digit. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
