import type { Credentials } from './auth.ts';
import type { Behaviour } from './behaviour.ts';
import type { Call } from './call.ts';
import type { BackendNode, Cluster } from './cluster.ts';

/** Where a redirect leads and what it may carry. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** The scheme of the request that is redirected. */
  readonly scheme: 'http' | 'https';
}

/**
 * The `Location` of a 307. It carries the client's own user and password in clear, in every release seen (reference 1.2).
 * Until 4.0 it copies the scheme and ends in `?` without a query; the newest form always says http and keeps the query as it came.
 */
export function locationOf(call: Call, target: Target, credentials: Credentials, form: Behaviour['redirectForm']): string {
  const scheme = form === 'newest' ? 'http' : target.scheme;
  const mark = call.rawQuery !== '' || form === 'question-mark' ? '?' : '';
  const userInfo = `${escapeUserInfo(credentials.user)}:${escapeUserInfo(credentials.password)}`;
  return `${scheme}://${userInfo}@${target.host}:${target.port}${call.rawPath}${mark}${call.rawQuery}`;
}

/** Escapes what java.net.URI does not allow in user information; the percent sign is always escaped. */
function escapeUserInfo(text: string): string {
  return [...text].map((character) => (/[-_.!~'()*A-Za-z0-9;:&=+$,]/.test(character) ? character : encodeURIComponent(character))).join('');
}

/** Fills in the places of a fault's Location: `{fe}`, `{be}`, `{path}` (with the query), `{be-host}`. */
export function fillLocation(cluster: Cluster, backend: BackendNode, call: Call, template: string): string {
  const query = call.rawQuery === '' ? '' : `?${call.rawQuery}`;
  const places: Readonly<Record<string, string>> = {
    '{fe}': cluster.frontend.url(),
    '{be}': backend.listener.url(),
    '{path}': `${call.rawPath}${query}`,
    '{be-host}': new URL(backend.listener.url()).hostname,
  };
  return template.replaceAll(/\{[a-z-]+\}/g, (place) => places[place] ?? place);
}
