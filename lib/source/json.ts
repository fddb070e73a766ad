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

/** Bytes to be read as JSON. */
export interface JsonText {
  readonly bytes: Buffer;
  /** The same bytes, for those who look at four at a time. */
  readonly words: DataView;
  /** By byte: 1 for what may stand between tokens. Zero may not, which is read behind the end. */
  readonly blanks: Uint8Array;
  /** Those of the value that is being read. Written over from value to value: an event has ten thousand. */
  readonly open: Brackets;
}

const BLANKS = tableOf(' \t\n\r');
const BLANKS_IN_LINE = tableOf(' \t');

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) table[byte] = 1;
  return table;
}

/** One text. */
export function jsonText(bytes: Buffer): JsonText {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, words, blanks: BLANKS, open: { innermost: NONE, outer: undefined } };
}

/** Texts of one line each: no value goes on behind a line break. */
export function jsonLines(bytes: Buffer): JsonText {
  return { ...jsonText(bytes), blanks: BLANKS_IN_LINE };
}

/** The first byte at or after `at` that is no blank, tab or line break. */
export function skipBlanks(bytes: Uint8Array, at: number, blanks = BLANKS): number {
  let next = at;
  while (blanks[bytes[next] ?? 0] === 1) next++;
  return next;
}

function behindBlanks({ bytes, blanks }: JsonText, at: number): number {
  return skipBlanks(bytes, at, blanks);
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
export function endOfValue(text: JsonText, start: number, onNumber?: OnNumber): number {
  const { open } = text;
  open.innermost = NONE;
  open.outer = undefined;
  let at = start;
  while (at !== NOT_JSON) {
    const first = text.bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      at = enter(text, at, first, open);
      if (text.bytes[at] !== closingOf(open)) {
        at = valueOfMember(text, at, open);
        continue;
      }
    } else at = endOfScalar(text, at, onNumber);
    at = leave(text, at, open);
    if (open.innermost === NONE) return at;
  }
  return NOT_JSON;
}

/** Brackets that are open, a bit each: 1 for an object. The highest bit that is set stands for the text itself. */
interface Brackets {
  innermost: number;
  /** Thirty of them each, once there are more. */
  outer: number[] | undefined;
}

const NONE = 1;
const FULL = 2 ** 30;

function closingOf({ innermost }: Brackets): number {
  return (innermost & 1) === 1 ? CLOSE_OBJECT : CLOSE_ARRAY;
}

/** Opens a bracket: where its first member begins, or where it closes. */
function enter(text: JsonText, at: number, bracket: number, open: Brackets): number {
  if (open.innermost >= FULL) {
    open.outer ??= [];
    open.outer.push(open.innermost);
    open.innermost = NONE;
  }
  open.innermost = (open.innermost << 1) | (bracket === OPEN_OBJECT ? 1 : 0);
  return behindBlanks(text, at + 1);
}

/** Where the next member's value begins, behind its comma and its key; or the offset behind the outermost bracket. @param at - behind a value, or none. */
function leave(text: JsonText, at: number, open: Brackets): number {
  let next = at;
  while (next !== NOT_JSON && open.innermost !== NONE) {
    next = behindBlanks(text, next);
    if (text.bytes[next] === COMMA) return valueOfMember(text, behindBlanks(text, next + 1), open);
    next = text.bytes[next] === closingOf(open) ? close(next, open) : NOT_JSON;
  }
  return next;
}

/** Where the value of the member begins that stands here, in an object behind its key. */
function valueOfMember(text: JsonText, at: number, open: Brackets): number {
  return closingOf(open) === CLOSE_OBJECT ? behindKey(text, at) : at;
}

function close(at: number, open: Brackets): number {
  open.innermost >>= 1;
  if (open.innermost === NONE && open.outer !== undefined) open.innermost = open.outer.pop() ?? NONE;
  return at + 1;
}

function behindKey(text: JsonText, at: number): number {
  if (text.bytes[at] !== QUOTE) return NOT_JSON;
  const end = endOfString(text, at);
  if (end === NOT_JSON) return NOT_JSON;
  const colon = behindBlanks(text, end);
  return text.bytes[colon] === COLON ? behindBlanks(text, colon + 1) : NOT_JSON;
}

function endOfScalar(text: JsonText, at: number, onNumber: OnNumber | undefined): number {
  const byte = text.bytes[at];
  if (byte === QUOTE) return endOfString(text, at);
  if (byte !== MINUS && !isDigit(byte)) return endOfWord(text, at);
  const end = endOfNumber(text, at);
  if (end !== NOT_JSON) onNumber?.(at, end);
  return end;
}

/** The offset behind the string whose opening quotation mark stands at `start`. */
export function endOfString(text: JsonText, start: number): number {
  const { bytes } = text;
  let at = start + 1;
  for (;;) {
    at = behindPlain(text, at);
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return NOT_JSON;
    at = endOfEscape(bytes, at);
    if (at === NOT_JSON) return NOT_JSON;
  }
}

/** By byte: 1 for what stands in a string for itself. Zero does not, which is read behind the end. */
const PLAIN = new Uint8Array(256).fill(1, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

function behindPlain({ bytes, words }: JsonText, start: number): number {
  const lastWord = bytes.length - 4;
  let at = start;
  while (at <= lastWord && isPlain(words.getInt32(at, true))) at += 4;
  while (PLAIN[bytes[at] ?? 0] === 1) at++;
  return at;
}

/**
 * Whether four bytes stand in a string for themselves. Each difference sets the highest bit of a byte that was below what is taken off
 * it: of a control character, and of what the quotation mark and the backslash become when they are zero. `~word` leaves out bytes
 * that had that bit before.
 */
function isPlain(word: number): boolean {
  const control = word - 0x20202020;
  const quote = (word ^ 0x22222222) - 0x01010101;
  const backslash = (word ^ 0x5c5c5c5c) - 0x01010101;
  return ((control | quote | backslash) & ~word & 0x80808080) === 0;
}

/** By byte: 1 for what may follow a backslash alone. */
const SHORT_ESCAPES = tableOf('"\\/bfnrt');

function endOfEscape(bytes: Uint8Array, at: number): number {
  const escaped = bytes[at + 1] ?? 0;
  if (SHORT_ESCAPES[escaped] === 1) return at + 2;
  if (escaped !== UNICODE_ESCAPE) return NOT_JSON;
  for (let digit = at + 2; digit < at + 6; digit++) if (!isHexDigit(bytes[digit])) return NOT_JSON;
  return at + 6;
}

function endOfNumber({ bytes }: JsonText, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = bytes[at] === ZERO ? at + 1 : endOfDigits(bytes, at);
  if (at !== NOT_JSON && bytes[at] === POINT) at = endOfDigits(bytes, at + 1);
  if (at === NOT_JSON || lowerCase(bytes[at]) !== LOWER_E) return at;
  const signed = bytes[at + 1] === MINUS || bytes[at + 1] === 0x2b;
  return endOfDigits(bytes, signed ? at + 2 : at + 1);
}

/** At least one digit is asked for. */
function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
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

function endOfWord({ bytes }: JsonText, at: number): number {
  for (const word of WORDS) if (standsAt(bytes, at, word)) return at + word.length;
  return NOT_JSON;
}

function standsAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false;
  return true;
}
