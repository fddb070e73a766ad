import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { parseRedirectHosts, portOf, type RedirectPolicy } from './doris/redirect-policy.ts';
import { ConfigError } from './errors.ts';
import type { PositionColumns } from './source/splice.ts';

/** A name of a Doris database or table. */
export const identifier = z.string().regex(/^[-_\p{L}\p{N}]{1,256}$/u);

/** Frontends by URL, none of which carries credentials. */
export const frontends = z.string().transform((text, context) => {
  const urls = text.split(',').map((part) => part.trim());
  const parsed = urls.map((url) => (URL.canParse(url) ? new URL(url) : undefined));
  const good = parsed.filter((url): url is URL => url !== undefined && isFrontend(url));
  if (good.length !== urls.length) context.addIssue({ code: 'custom', message: 'not a list of frontends' });
  return good;
});

function isFrontend(url: URL): boolean {
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

/** What {@link parseRedirectHosts} takes. */
export const redirectHosts = z.string().transform((text, context): RedirectPolicy => {
  try {
    return parseRedirectHosts(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Faults quote entries; of a password, which may hold any character, that would be a part.
    context.addIssue({ code: 'custom', params: /[@?]/.test(text) ? {} : { why: error.faults.join('; ') } });
    return z.NEVER;
  }
});

/** Pairs of addresses, each the first of a pair once. */
export const addresses = z.string().transform((text, context) => {
  const pairs = text.split(',').map((pair) => pair.trim().split('=').map(hostAndPort));
  const good = pairs.filter((pair): pair is [string, string] => pair.length === 2 && pair.every((address) => address !== undefined));
  const byBackend = new Map(good);
  // A backend that is listed twice would be reached under the later address in silence.
  if (byBackend.size !== pairs.length) context.addIssue({ code: 'custom', message: 'not a list of addresses' });
  return byBackend;
});

/** An address as a URL spells it, which is how the backends of Doris are known here: `BE-0:8040` is `be-0:8040`. */
function hostAndPort(text: string): string | undefined {
  if (!/^(\[[^[\]]*\]|[^:[\]]+):\d{1,5}$/.test(text) || /[\s/?#@\\]/.test(text) || !URL.canParse(`http://${text}`)) return undefined;
  const url = new URL(`http://${text}`);
  return url.port === '0' ? undefined : `${url.hostname}:${portOf(url)}`;
}

const COLUMN = /^[_A-Za-z0-9][-_A-Za-z0-9]{0,255}$/;

/** A name of a column, as it may stand in a header too. */
export const column = z.string().regex(COLUMN);

/** Roles of {@link PositionColumns} under the names that the setting gives them. */
const ROLES: ReadonlyMap<string, keyof PositionColumns> = new Map([
  ['source', 'source'],
  ['shard', 'shard'],
  ['position', 'position'],
  ['arrived_at', 'arrivedAt'],
]);

/** Columns by role, no role and no column twice: of a column that is filled twice Doris would keep the first value. */
function columnsByRole<Columns extends object>(roles: ReadonlyMap<string, keyof Columns & string>) {
  return z.string().transform((text, context): Columns => {
    const pairs = text.split(',').map((pair) => pair.trim().split('='));
    const good = pairs.flatMap(([name = '', given = '', ...rest]) => {
      const role = roles.get(name);
      return role !== undefined && rest.length === 0 && COLUMN.test(given) ? [[role, given] as const] : [];
    });
    // Doris tells columns apart without regard to case.
    const distinct = [new Map(good), new Set(good.map(([, given]) => given.toLowerCase()))];
    if (distinct.some(({ size }) => size !== pairs.length)) context.addIssue({ code: 'custom', message: 'not a list of columns by role' });
    return Object.fromEntries(good) as Columns;
  });
}

/** Columns for where a row comes from. */
export const positionColumns = columnsByRole<PositionColumns>(ROLES);

/** Columns for members of http_sink's metadata, by the member. */
export const metadataColumns = columnsByRole<Readonly<Record<string, string>>>(
  new Map(['offset', 'id', 'timestamp', 'origin_timestamp', 'checksum', 'headers'].map((role) => [role, `iggy_${role}`])),
);

/** An Iggy stream and topic; a stream's name holds no slash here. */
export const iggySource = z
  .string()
  .regex(/^[^/]+\/.+$/)
  .transform((text) => ({ stream: text.slice(0, text.indexOf('/')), topic: text.slice(text.indexOf('/') + 1) }));

const routeTable = z.string().regex(/^[-_\p{L}\p{N}]{1,256}(\.[-_\p{L}\p{N}]{1,256})?$/u, 'must be table or database.table');

/** The rules of `DORIS_ROUTES`. */
export const routes = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', params: { why: 'it is no JSON' } });
      return z.NEVER;
    }
  })
  .pipe(
    z.array(
      z
        .strictObject({
          stream: z.string().min(1).optional(),
          topic: z.string().min(1).optional(),
          field: z.string().min(1).optional(),
          equals: z.union([z.string(), z.int(), z.boolean()]).optional(),
          table: routeTable,
        })
        .refine(({ field, equals }) => (field === undefined) === (equals === undefined), 'field and equals go together'),
    ),
  );

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** PEM text in which every certificate can be read: TLS would find out at the first load only. */
export const certificates = z
  .string()
  .regex(/^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/)
  .refine((pem) => pem.split('-----BEGIN').length - 1 === (pem.match(CERTIFICATE) ?? []).filter(isCertificate).length);

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

/** A number without sign or fraction, bounds included. */
export function wholeNumber(from: number, to: number): { rule: string; schema: z.ZodType<number, string> } {
  return {
    rule: `whole number from ${from} to ${to}`,
    schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(from).max(to)),
  };
}

/** A switch. */
export const flag = {
  rule: 'true or false',
  schema: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .pipe(z.boolean()),
};

/** Doris reads CST as China's time, others as America's: a name without its continent is none that both mean alike. */
export const timeZone = z.string().refine((text) => /^([+-](0\d|1[0-4]):[0-5]\d|UTC)$/.test(text) || isPlace(text));

function isPlace(text: string): boolean {
  try {
    return /^[A-Za-z]+\//.test(text) && new Intl.DateTimeFormat('en', { timeZone: text }) !== undefined;
  } catch {
    return false;
  }
}
