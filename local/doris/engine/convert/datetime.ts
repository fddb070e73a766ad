import { dateOf, daysOf, isDate } from './calendar.ts';
import type { Convert } from './cell.ts';
import { fixedOffset, type ZoneOffset } from './zone.ts';

/** A moment on the calendar without a zone: seconds since 1970-01-01 00:00:00 and microseconds. */
interface Moment {
  readonly seconds: number;
  readonly micros: number;
}

/** A blank, a `T` or a colon may stand between date and time (test_csv_with_double_quotes); single digits will do. */
const LOOSE =
  /^\s*(\d{4}|\d{2})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T:]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?)?\s*(Z|UTC|[+-]\d{1,2}:\d{2})?\s*$/;
const COMPACT = /^\s*(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})(?:\.(\d+))?)?\s*(Z|[+-]\d{1,2}:\d{2})?\s*$/;
const DAY_SECONDS = 86_400;
const DATE_LENGTH = 10;
const SECOND_LENGTH = 19;

/** DATE: the time of day, when there is one, is cut off. */
export function dateConvert(zone: ZoneOffset): Convert {
  return (text) => {
    if (text.length === DATE_LENGTH && isPlain(text)) return text;
    const moment = parseMoment(text, zone);
    return moment && dateText(Math.floor(moment.seconds / DAY_SECONDS));
  };
}

/** DATETIME(scale): digits past the scale are rounded. A text with an offset is moved into the zone of the load. */
export function datetimeConvert(scale: number, zone: ZoneOffset): Convert {
  const unit = 10 ** (6 - scale);
  const plainLength = scale === 0 ? SECOND_LENGTH : SECOND_LENGTH + 1 + scale;
  return (text) => {
    if ((text.length === SECOND_LENGTH || text.length === plainLength) && isPlain(text)) return text;
    const moment = parseMoment(text, zone);
    return moment && datetimeText(roundedMicros(moment, unit), 6);
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

function roundedMicros({ seconds, micros }: Moment, unit: number): bigint {
  return BigInt(seconds) * 1_000_000n + BigInt(Math.round(micros / unit) * unit);
}

function parseMoment(text: string, zone: ZoneOffset): Moment | undefined {
  const parts = LOOSE.exec(text) ?? COMPACT.exec(text);
  if (!parts) return undefined;
  const [, year = '', month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = parts;
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (!isDate(fullYear(year), Number(month), Number(day)) || !isTime(h, m, s)) return undefined;
  const local = daysOf(fullYear(year), Number(month), Number(day)) * DAY_SECONDS + h * 3600 + m * 60 + s;
  const seconds = offset === undefined ? local : moved(local - (fixedOffset(offset) ?? 0), zone);
  return { seconds, micros: Math.round(Number(`0.${fraction || '0'}`) * 1_000_000) };
}

function moved(utc: number, zone: ZoneOffset): number {
  return utc + zone(utc);
}

/** Two digits: 70 to 99 are the 1900s, the others the 2000s, as in MySQL. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 2) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

function isTime(hour: number, minute: number, second: number): boolean {
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
}

/** The fast path: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS` or the latter with a fraction, all in range. */
function isPlain(text: string): boolean {
  if (text.charCodeAt(4) !== CODE_DASH || text.charCodeAt(7) !== CODE_DASH) return false;
  if (!isDate(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10))) return false;
  return text.length === DATE_LENGTH || isPlainTime(text);
}

const CODE_DASH = 45;
const CODE_BLANK = 32;
const CODE_DOT = 46;
const CODE_COLON = 58;

function isPlainTime(text: string): boolean {
  if (text.charCodeAt(10) !== CODE_BLANK || text.charCodeAt(13) !== CODE_COLON || text.charCodeAt(16) !== CODE_COLON) return false;
  if (!isTime(digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19))) return false;
  return (
    text.length === SECOND_LENGTH || (text.charCodeAt(SECOND_LENGTH) === CODE_DOT && digits(text, SECOND_LENGTH + 1, text.length) >= 0)
  );
}

/** The number that the characters spell; below zero when one of them is no digit. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
