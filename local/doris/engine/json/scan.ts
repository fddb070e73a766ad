/** Where a value ends, or `MALFORMED`. All functions here take a text and an offset and copy nothing. */
export const MALFORMED = -1;

/** As deep as simdjson goes, which Doris reads with. */
const MAX_DEPTH = 1024;

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const OPEN_ARRAY = 91;
const CLOSE_ARRAY = 93;
const COMMA = 44;
const COLON = 58;
const MINUS = 45;
const PLUS = 43;
const DOT = 46;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const UPPER_E = 69;
const LOWER_E = 101;
const FIRST_PRINTABLE = 32;

const ESCAPE = /["\\/bfnrt]/;
const FOUR_HEX = /[0-9a-fA-F]{4}/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Skips blanks as JSON knows them. */
export function skipBlanks(text: string, at: number): number {
  let next = at;
  for (;;) {
    const code = text.charCodeAt(next);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return next;
    next++;
  }
}

/** Checks the value that starts at `at` and gives its end. */
export function skipValue(text: string, at: number, depth = 0): number {
  const code = text.charCodeAt(at);
  if (code === QUOTE) return skipString(text, at);
  if (code === OPEN_OBJECT) return skipObject(text, at, depth);
  if (code === OPEN_ARRAY) return skipArray(text, at, depth);
  if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) return skipNumber(text, at);
  return skipWord(text, at);
}

/** Checks the string that starts at `at` (its quote) and gives the offset behind its closing quote. */
export function skipString(text: string, at: number): number {
  let next = at + 1;
  for (;;) {
    const code = text.charCodeAt(next);
    if (code === QUOTE) return next + 1;
    if (code === BACKSLASH) {
      next = skipEscape(text, next);
      if (next === MALFORMED) return MALFORMED;
    } else if (code >= FIRST_PRINTABLE) next++;
    // Control characters are not allowed; NaN means that the text ended inside the string.
    else return MALFORMED;
  }
}

/**
 * The meaning of a string that {@link skipString} has checked: `from` is its opening quote, `to` lies behind the closing one.
 * @returns `undefined` when escapes spell half a surrogate pair, which no UTF-8 text can hold.
 */
export function stringMeaning(text: string, from: number, to: number): string | undefined {
  const raw = text.slice(from + 1, to - 1);
  if (!raw.includes('\\')) return raw;
  const meaning: unknown = JSON.parse(text.slice(from, to));
  return typeof meaning === 'string' && !LONE_SURROGATE.test(meaning) ? meaning : undefined;
}

/** The JSON text without blanks between its tokens; `undefined` when it is no single JSON value. Numbers keep their digits. */
export function compactJson(text: string): string | undefined {
  const start = skipBlanks(text, 0);
  const end = skipValue(text, start);
  if (end === MALFORMED || skipBlanks(text, end) !== text.length) return undefined;
  return withoutBlanks(text.slice(start, end));
}

/** Valid JSON without the blanks outside its strings. */
function withoutBlanks(json: string): string {
  let compact = '';
  let from = 0;
  let at = 0;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = skipString(json, at);
    else if (code > FIRST_PRINTABLE) at++;
    else {
      compact += json.slice(from, at);
      at = skipBlanks(json, at);
      from = at;
    }
  }
  return from === 0 ? json : compact + json.slice(from);
}

function skipEscape(text: string, at: number): number {
  if (ESCAPE.test(text.charAt(at + 1))) return at + 2;
  FOUR_HEX.lastIndex = at + 2;
  return text.charAt(at + 1) === 'u' && FOUR_HEX.test(text) ? at + 6 : MALFORMED;
}

function skipNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === MINUS ? start + 1 : start;
  const whole = skipDigits(text, at);
  if (whole === at || (text.charCodeAt(at) === DIGIT_0 && whole > at + 1)) return MALFORMED;
  at = whole;
  if (text.charCodeAt(at) === DOT) {
    at = skipDigits(text, at + 1);
    if (at === whole + 1) return MALFORMED;
  }
  const code = text.charCodeAt(at);
  return code === LOWER_E || code === UPPER_E ? skipExponent(text, at + 1) : at;
}

function skipExponent(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const start = code === PLUS || code === MINUS ? at + 1 : at;
  const end = skipDigits(text, start);
  return end === start ? MALFORMED : end;
}

function skipDigits(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (!(code >= DIGIT_0 && code <= DIGIT_9)) return at;
    at++;
  }
}

function skipWord(text: string, at: number): number {
  if (text.startsWith('true', at) || text.startsWith('null', at)) return at + 4;
  return text.startsWith('false', at) ? at + 5 : MALFORMED;
}

function skipObject(text: string, start: number, depth: number): number {
  if (depth >= MAX_DEPTH) return MALFORMED;
  let at = skipBlanks(text, start + 1);
  if (text.charCodeAt(at) === CLOSE_OBJECT) return at + 1;
  for (;;) {
    at = skipKey(text, at);
    if (at === MALFORMED) return MALFORMED;
    at = skipValue(text, at, depth + 1);
    if (at === MALFORMED) return MALFORMED;
    at = skipBlanks(text, at);
    const code = text.charCodeAt(at);
    if (code === CLOSE_OBJECT) return at + 1;
    if (code !== COMMA) return MALFORMED;
    at = skipBlanks(text, at + 1);
  }
}

/** Checks `"key" :` and gives the offset of the value. */
export function skipKey(text: string, at: number): number {
  if (text.charCodeAt(at) !== QUOTE) return MALFORMED;
  const end = skipString(text, at);
  if (end === MALFORMED) return MALFORMED;
  const colon = skipBlanks(text, end);
  return text.charCodeAt(colon) === COLON ? skipBlanks(text, colon + 1) : MALFORMED;
}

function skipArray(text: string, start: number, depth: number): number {
  if (depth >= MAX_DEPTH) return MALFORMED;
  let at = skipBlanks(text, start + 1);
  if (text.charCodeAt(at) === CLOSE_ARRAY) return at + 1;
  for (;;) {
    at = skipValue(text, at, depth + 1);
    if (at === MALFORMED) return MALFORMED;
    at = skipBlanks(text, at);
    const code = text.charCodeAt(at);
    if (code === CLOSE_ARRAY) return at + 1;
    if (code !== COMMA) return MALFORMED;
    at = skipBlanks(text, at + 1);
  }
}
