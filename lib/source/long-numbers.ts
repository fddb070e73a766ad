/** Significant digits that every decimal keeps on its way through a double and back (DBL_DIG of C). */
const SAFE_DIGITS = 15;

const ZERO = 0x30;
const NINE = 0x39;

/**
 * Whether a JSON number has more significant digits than surely survive a double. Significant are the digits from the first to the last
 * that is not 0, whatever the sign, the point and the exponent: `0.00120`, `120` and `1.2e300` have two.
 */
export function isLongNumber(text: Uint8Array, start: number, end: number): boolean {
  if (end - start <= SAFE_DIGITS) return false;
  let digits = 0;
  let zeros = 0;
  for (let at = start; at < end && digits <= SAFE_DIGITS; at++) {
    const byte = text[at] ?? 0;
    // Sign and point stand below the digits in ASCII, the letter of the exponent above them.
    if (byte > NINE) break;
    if (byte > ZERO) {
      digits += zeros + 1;
      zeros = 0;
    } else if (byte === ZERO && digits > 0) zeros++;
  }
  return digits > SAFE_DIGITS;
}
