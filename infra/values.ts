import * as z from 'zod';

// Kinds of values in the settings file. Each tells its whole rule, whatever is wrong with a value.

/** A whole number between two bounds, both included. */
export function whole(from: number, to: number) {
  const rule = `must be whole number from ${from} to ${to}`;
  return z.int(rule).min(from, rule).max(to, rule);
}

/** A number above 0. */
export function positive() {
  const rule = 'must be number above 0';
  return z.number(rule).positive(rule);
}

/** A text of a pattern. */
export function text(pattern: RegExp, rule: string) {
  return z.string(rule).regex(pattern, rule);
}

/** One of few words. */
export function oneOf<const T extends readonly string[]>(...words: T) {
  return z.enum(words, `must be ${listed(words)}`);
}

/** The ARN of a KMS key. Grants need the key itself: an alias may lead elsewhere tomorrow. */
export function keyArn() {
  return text(/^arn:[-a-z]+:kms:[-a-z0-9]+:\d{12}:key\/[-A-Za-z0-9]+$/, 'must be the ARN of a KMS key, not of an alias');
}

/** True or false. */
export function flag() {
  return z.boolean('must be true or false');
}

/** A flag that is off unless it is set. */
export function off(about: string) {
  return flag().default(false).describe(`${about} Default: false.`);
}

/** One or more of a kind. */
export function several<T extends z.ZodType>(one: T) {
  return z.array(one, 'must be a list').min(1, 'must not be empty');
}

/** One or more of a kind, each once. */
export function each<T extends z.ZodType>(one: T) {
  return several(one)
    .refine((all) => new Set(all).size === all.length, 'must not name one twice')
    .meta({ uniqueItems: true });
}

/** An object of one of several kinds, as its `kind` says. */
export function ofKind<const T extends readonly [Kind, ...Kind[]]>(...options: T) {
  const kinds = listed(options.map(({ shape }) => [...shape.kind.values][0] ?? ''));
  const error: z.core.$ZodErrorMap = ({ input }) =>
    typeof input === 'object' ? `must be ${kinds}` : `must be an object whose kind is ${kinds}`;
  return z.discriminatedUnion('kind', options, { error });
}

type Kind = z.ZodObject<{ kind: z.ZodLiteral<string> }>;

function listed(words: readonly string[]): string {
  return words.length === 1 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
