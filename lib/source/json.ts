/**
 * Reads JSON text (RFC 8259) without building its values: a value built can be thirty times its text, and a payload may be unpacked to
 * `MAX_ROW_BYTES` from almost nothing. Takes UTF-8 that was checked before. Time is linear, memory beside the text at most its depth.
 * Positions are byte offsets; {@link NOT_JSON} in place of one says that the text breaks the grammar.
 */
export const NOT_JSON = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LOWER_E = 0x65;
const UNICODE_ESCAPE = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The first byte at or after `at` that is no blank, tab or line break. */
export function skipBlanks(text: Uint8Array, at: number): number {
  let next = at;
  for (;;) {
    const byte = text[next];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return next;
    next++;
  }
}

/** What kind of value begins with this byte. */
export function kindOf(first: number | undefined): 'object' | 'array' | 'string' | 'boolean' | 'null' | 'number' {
  if (first === OPEN_OBJECT) return 'object';
  if (first === OPEN_ARRAY) return 'array';
  if (first === QUOTE) return 'string';
  if (first === 0x74 || first === 0x66) return 'boolean';
  return first === 0x6e ? 'null' : 'number';
}

/** Is told each number of a value: where it begins and the offset behind it. */
export type OnNumber = (start: number, end: number) => void;

/** The offset behind the value that begins at `start`, whatever follows it. */
export function endOfValue(text: Uint8Array, start: number, onNumber?: OnNumber): number {
  const open = nesting();
  let at = endOfToken(text, start, open, onNumber);
  while (at !== NOT_JSON && open.depth() > 0) {
    at = skipBlanks(text, at);
    at = text[at] === open.closing() ? close(at, open) : endOfToken(text, nextStart(text, at, open), open, onNumber);
  }
  return at;
}

/** The brackets that are open, one byte each. */
function nesting() {
  let closings = new Uint8Array(64);
  let depth = 0;
  let fresh = false;
  return {
    depth: () => depth,
    closing: () => closings[depth - 1],
    /** Whether the innermost bracket has no member yet; asking makes it used. */
    wasFresh: () => {
      const was = fresh;
      fresh = false;
      return was;
    },
    push: (closing: number) => {
      if (depth === closings.length) {
        const more = new Uint8Array(2 * depth);
        more.set(closings);
        closings = more;
      }
      closings[depth++] = closing;
      fresh = true;
    },
    pop: () => {
      depth--;
      fresh = false;
    },
  };
}

type Nesting = ReturnType<typeof nesting>;

function close(at: number, open: Nesting): number {
  open.pop();
  return at + 1;
}

/** Where the next member's value begins, behind its comma and its key. */
function nextStart(text: Uint8Array, at: number, open: Nesting): number {
  let next = at;
  if (!open.wasFresh()) {
    if (text[next] !== COMMA) return NOT_JSON;
    next = skipBlanks(text, next + 1);
  }
  return open.closing() === CLOSE_OBJECT ? behindKey(text, next) : next;
}

function behindKey(text: Uint8Array, at: number): number {
  if (text[at] !== QUOTE) return NOT_JSON;
  const end = endOfString(text, at);
  if (end === NOT_JSON) return NOT_JSON;
  const colon = skipBlanks(text, end);
  return text[colon] === COLON ? skipBlanks(text, colon + 1) : NOT_JSON;
}

/** Behind a scalar, or behind a bracket that is open from here on. */
function endOfToken(text: Uint8Array, at: number, open: Nesting, onNumber: OnNumber | undefined): number {
  if (at === NOT_JSON) return NOT_JSON;
  const byte = text[at];
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
    open.push(byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY);
    return at + 1;
  }
  if (byte === QUOTE) return endOfString(text, at);
  if (byte === MINUS || isDigit(byte)) {
    const end = endOfNumber(text, at);
    if (end !== NOT_JSON) onNumber?.(at, end);
    return end;
  }
  return endOfWord(text, at);
}

/** The offset behind the string whose opening quotation mark stands at `start`. */
export function endOfString(text: Uint8Array, start: number): number {
  let at = start + 1;
  for (;;) {
    const byte = text[at];
    if (byte === QUOTE) return at + 1;
    if (byte === undefined || byte < 0x20) return NOT_JSON;
    if (byte === BACKSLASH) {
      at = endOfEscape(text, at);
      if (at === NOT_JSON) return NOT_JSON;
    } else at++;
  }
}

const SHORT_ESCAPES: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'));

function endOfEscape(text: Uint8Array, at: number): number {
  if (SHORT_ESCAPES.has(text[at + 1])) return at + 2;
  if (text[at + 1] !== UNICODE_ESCAPE) return NOT_JSON;
  for (let digit = at + 2; digit < at + 6; digit++) if (!isHexDigit(text[digit])) return NOT_JSON;
  return at + 6;
}

function endOfNumber(text: Uint8Array, start: number): number {
  let at = text[start] === MINUS ? start + 1 : start;
  at = text[at] === ZERO ? at + 1 : endOfDigits(text, at);
  if (at !== NOT_JSON && text[at] === POINT) at = endOfDigits(text, at + 1);
  if (at === NOT_JSON || lowerCase(text[at]) !== LOWER_E) return at;
  const signed = text[at + 1] === MINUS || text[at + 1] === 0x2b;
  return endOfDigits(text, signed ? at + 2 : at + 1);
}

/** At least one digit is asked for. */
function endOfDigits(text: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(text[at])) at++;
  return at === start ? NOT_JSON : at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  const lower = lowerCase(byte);
  return isDigit(byte) || (lower !== undefined && lower >= 0x61 && lower <= 0x66);
}

/** Of an ASCII letter. */
function lowerCase(byte: number | undefined): number | undefined {
  return byte === undefined ? undefined : byte | 0x20;
}

const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

function endOfWord(text: Uint8Array, at: number): number {
  const word = WORDS.find((bytes) => bytes.every((byte, index) => text[at + index] === byte));
  return word === undefined ? NOT_JSON : at + word.length;
}
