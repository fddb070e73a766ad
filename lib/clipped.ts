const HALF_CHARACTER = /\p{Surrogate}/gu;

/** At most so many UTF-16 units of a text, with U+FFFD for each half of a character: DynamoDB refuses those, and cutting makes some. */
export function clipped(text: string, longest: number): string {
  return text.slice(0, longest).replace(HALF_CHARACTER, '\u{FFFD}');
}
