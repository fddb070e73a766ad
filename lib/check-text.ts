import type * as z from 'zod';
import type { Setting } from './setting.ts';

/** Checks the text of a variable: its value, or what is wrong with it, without a secret. */
export function checkText<T>(
  text: string,
  setting: Setting<T>,
): { readonly kind: 'value'; readonly value: T } | { readonly kind: 'fault'; readonly fault: string } {
  const parsed = setting.schema.safeParse(text);
  if (parsed.success) return { kind: 'value', value: parsed.data };
  const why = whyNot(parsed.error);
  return { kind: 'fault', fault: `must be ${setting.rule}${why === undefined ? '' : ` (${why})`} (given ${shown(text, setting)})` };
}

/** What the rule alone does not tell: the place of the fault, or what the check itself says of it. */
function whyNot({ issues: [issue] }: z.ZodError): string | undefined {
  if (issue !== undefined && issue.path.length > 0) return `at ${issue.path.join('.')}: ${issue.message}`;
  const why: unknown = issue?.code === 'custom' ? issue.params?.['why'] : undefined;
  return typeof why === 'string' ? why : undefined;
}

/** A value as an error may show it: no secrets, nothing that stands before an `@` or in a query (a password may hold any character), not too long. */
function shown(text: string, setting: Setting<unknown>): string {
  if (setting.secret) return `${text.length} characters, not shown`;
  const harmless = text.replace(/^.*@/s, '***@').replace(/(:\/\/[^?]*\?).*$/s, '$1***');
  return JSON.stringify(harmless.slice(0, 200));
}
