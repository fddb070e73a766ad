import { closest, distance } from 'fastest-levenshtein';
import type * as z from 'zod';

/** A part of a JSON schema, as far as names are looked for in it. */
export interface Part {
  readonly properties?: Readonly<Record<string, Part>>;
  readonly items?: Part;
  readonly const?: string;
  readonly anyOf?: readonly Part[];
  readonly oneOf?: readonly Part[];
}

/**
 * Faults of a settings file as people are told them: `loaders[0].batch.size: must be whole number from 1 to 10000 (given 20000)`.
 * @param schema - JSON schema of the settings file.
 */
export function faultsIn(issue: z.core.$ZodIssue, given: unknown, schema: Part): string[] {
  const place = placeOf(issue.path) || 'settings';
  const value = issue.path.reduce<unknown>((part, step) => (part as Record<PropertyKey, unknown> | null | undefined)?.[step], given);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${place}: ${unknownKey(key, issue.path, given, schema)}`);
  const rule = ruleOf(issue);
  if (value === undefined) return [`${place}: is missing; ${rule}`];
  return [`${place}: ${rule}${issue.code === 'custom' || typeof value === 'object' ? '' : ` (given ${JSON.stringify(value)})`}`];
}

function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

/** Where the schema has no words of its own for a rule, it is the type that is wrong. */
function ruleOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || issue.message.startsWith('must ')) return issue.message;
  return `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
}

/** Slips and short forms: `feUrl`, `windowSecs`. */
const misspeltWithin = (key: string): number => Math.max(2, key.length / 3);

function unknownKey(key: string, path: readonly PropertyKey[], given: unknown, schema: Part): string {
  const known = namesAt(path, given, schema);
  const meant = known.find((name) => name.startsWith(key)) ?? closest(key, known);
  if (meant.startsWith(key) || distance(meant, key) <= misspeltWithin(key)) return `does not know "${key}"; did you mean ${meant}?`;
  const [elsewhere] = placesOf(key, schema, '');
  return `does not know "${key}"; ${elsewhere === undefined ? `allowed: ${known.join(', ')}` : `it stands in ${elsewhere}`}`;
}

/** The names that an object of the settings may have, by its kind where there are several. */
function namesAt(path: readonly PropertyKey[], given: unknown, schema: Part): readonly string[] {
  const [step, ...rest] = path;
  const options = optionsOf(schema).filter((option) => isOfKind(option, given));
  if (step === undefined) return [...new Set(options.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const value = (given as Record<PropertyKey, unknown>)[step];
  return options.flatMap(({ items, properties }) => {
    const below = typeof step === 'number' ? items : properties?.[String(step)];
    return below === undefined ? [] : namesAt(rest, value, below);
  });
}

function optionsOf(part: Part): readonly Part[] {
  return [part, ...[...(part.anyOf ?? []), ...(part.oneOf ?? [])].flatMap(optionsOf)];
}

function isOfKind({ properties }: Part, given: unknown): boolean {
  const kind = properties?.['kind']?.const;
  return kind === undefined || kind === (given as { readonly kind?: unknown }).kind;
}

/** Every place that has a property of the given name. */
function placesOf(name: string, part: Part, place: string): readonly string[] {
  return optionsOf(part).flatMap(({ properties = {}, items }) => {
    const kind = properties['kind']?.const;
    const here = `${place || 'the settings themselves'}${kind === undefined ? '' : ` of kind ${kind}`}`;
    return [
      ...(name in properties ? [here] : []),
      ...Object.entries(properties).flatMap(([key, child]) => placesOf(name, child, place === '' ? key : `${place}.${key}`)),
      ...(items === undefined ? [] : placesOf(name, items, `${place}[]`)),
    ];
  });
}
