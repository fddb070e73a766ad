import { bareHost, isListed, portOf, type RedirectPolicy } from './redirect-policy.ts';

/** What a redirect is judged by. */
export interface RedirectRules {
  readonly redirects: RedirectPolicy;
  readonly frontends: readonly URL[];
  readonly allowInsecureRedirect: boolean;
  readonly backendAddresses: ReadonlyMap<string, string>;
}

/** Where to go next, or why not to. The URL carries no user and no password. */
export type Redirect = { readonly kind: 'follow'; readonly url: URL } | { readonly kind: 'refuse'; readonly reason: string };

/** What is on its way, and where it was so far. */
export interface Journey {
  /** Path, with query if any, as Doris names it: behind the prefix of a proxy. */
  readonly asked: string;
  readonly visited: readonly [URL, ...URL[]];
}

/** Where a journey begins: a server may be reached behind the prefix of a proxy. */
export function startOf(server: URL, asked: string): URL {
  return new URL(`${server.pathname.replace(/\/$/, '')}${asked}`, server);
}

/** Most redirects followed for one request. Doris needs one, two when a frontend insists on https. */
const MAX_REDIRECTS = 5;

/**
 * Decides about a `Location` that the last server visited sent. Its text carries a password (reference 1.2): no reason quotes it.
 */
export function redirectTo(location: string | undefined, { asked, visited }: Journey, rules: RedirectRules): Redirect {
  const from = visited.at(-1) ?? visited[0];
  const refuse = (why: string): Redirect => ({ kind: 'refuse', reason: `redirect from ${from.host} refused: ${why}` });
  if (location === undefined || location.trim() === '') return refuse('it has no Location');
  if (!/^[a-z][a-z0-9+.-]*:/i.test(location))
    return refuse('its Location is relative; Doris sends absolute ones, so look at what stands in between');
  if (!/^https?:\/\//i.test(location)) return refuse('its Location is neither http:// nor https://');
  if (!URL.canParse(location)) return refuse('its Location is malformed');
  const url = addressed(withoutUserinfo(new URL(location)), rules.backendAddresses);
  if (visited.some((earlier) => earlier.href === url.href)) return refuse(`it leads back to ${url.host}, which was asked before`);
  if (visited.length > MAX_REDIRECTS) return refuse(`more than ${MAX_REDIRECTS} redirects in a row`);
  const objection = objectionTo(url, from, rules);
  if (objection !== undefined) return refuse(objection);
  return isFor(asked, url)
    ? { kind: 'follow', url }
    : refuse('it asks for something else, such as another table or label, than was asked for');
}

/** Whether a URL asks for the same. Doris forwards group commits under a longer name, and adds parameters (reference 1.4). */
function isFor(asked: string, url: URL): boolean {
  const { pathname, searchParams } = new URL(asked, url);
  const [wanted, path] = [decoded(pathname), decoded(url.pathname)];
  const isSame = wanted !== undefined && (path?.endsWith(wanted) || path?.endsWith(`${wanted}_forward`));
  // Of two labels nobody here knows which one a server takes.
  return isSame === true && [...searchParams].every(([name, value]) => url.searchParams.getAll(name).join() === value);
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Why credentials must not go there; undefined when they may. */
export function objectionTo(url: URL, from: URL, rules: RedirectRules): string | undefined {
  if (!isTrusted(url, rules))
    return `${url.host} may not receive credentials - when it is a backend of yours, add it to DORIS_REDIRECT_HOSTS`;
  if (from.protocol === 'https:' && url.protocol === 'http:' && !rules.allowInsecureRedirect) {
    return `${url.host} would receive credentials in clear after https - serve it with TLS, or set DORIS_ALLOW_INSECURE_REDIRECT`;
  }
  return undefined;
}

/** The URL as it is reached from here. */
export function addressed(url: URL, addresses: ReadonlyMap<string, string>): URL {
  const address = addresses.get(`${url.hostname}:${portOf(url)}`);
  return address === undefined ? url : new URL(`${url.protocol}//${address}${url.pathname}${url.search}`);
}

/** The URL without user and password. */
export function withoutUserinfo(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function isTrusted(url: URL, rules: RedirectRules): boolean {
  // A frontend's own address got the credentials from the operator already; its other ports only when nothing narrower is said.
  const isFrontend = rules.frontends.some(
    (frontend) => bareHost(frontend) === bareHost(url) && (rules.redirects.entries.length === 0 || portOf(frontend) === portOf(url)),
  );
  return isFrontend || isListed(rules.redirects, url);
}
