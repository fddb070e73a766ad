import type { Load } from '../ports.ts';
import { type Millis, millis } from '../units.ts';
import { sizeOf } from './body.ts';
import { type HopEnd, hop } from './hop.ts';
import { redirectTo } from './redirect.ts';
import type { FullSettings } from './settings.ts';
import type { Wires } from './wires.ts';

/** Where a PUT goes first. */
export interface Entrance {
  readonly url: URL;
  readonly role: 'frontend' | 'backend';
}

/** One PUT of a load. */
export interface Put {
  readonly load: Load;
  readonly entrance: Entrance;
  readonly authorization: string;
  /** Time left for it, at least 1 s. */
  readonly left: Millis;
}

/** What came of a PUT, before anybody judges it. `host`: the last server asked. */
export type Exchange = { readonly host: string } & (
  | HopEnd
  | { readonly kind: 'refused-redirect'; readonly reason: string; readonly reached: true }
);

/** Beyond Doris's own timeout: the time for its last answer to arrive. */
const GRACE = millis(2000);

const GONE = 'no request was sent: another invocation has this load now';

/** Puts a load: to the frontend and on to the backend that it names, or to a backend at once. Each hop gets the same headers and the whole body. */
export async function putLoad(put: Put, settings: FullSettings, wires: Wires): Promise<Exchange> {
  const timeout = timeoutSeconds(put.left, settings.maxLoadTimeout);
  const over = new AbortController();
  const alarm = setTimeout(() => over.abort(), Math.min(put.left, timeout * 1000 + settings.frontendTimeout + GRACE));
  try {
    return await followed(put, headersOf(put, timeout), over.signal, settings, wires);
  } finally {
    clearTimeout(alarm);
  }
}

/** Whole seconds that Doris may take, so that it gives up (and frees the label) no later than the loader does. At least 1. */
export function timeoutSeconds(left: Millis, longest: Millis): number {
  return Math.max(1, Math.floor(Math.min(left, longest) / 1000));
}

async function followed(
  put: Put,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  settings: FullSettings,
  wires: Wires,
): Promise<Exchange> {
  const { connectTimeout, frontendTimeout, continueTimeout } = settings;
  const visited: [URL, ...URL[]] = [loadUrl(put)];
  const giveUp = { after: frontendTimeout, reaction: 'give-up' } as const;
  const sendBody = { after: continueTimeout, reaction: 'send-body' } as const;
  for (;;) {
    const url = visited.at(-1) ?? visited[0];
    const redirected = visited.length > 1;
    if (!(await put.load.mayStart())) return { kind: 'lost', bodyBegun: false, reason: GONE, reached: redirected, host: url.host };
    const silence = redirected || put.entrance.role === 'backend' ? sendBody : giveUp;
    const end = await hop({ url, headers, body: put.load.body, connectTimeout, silence, signal }, wires);
    if (!isRedirect(end)) return { ...end, reached: end.reached || redirected, host: url.host };
    const next = redirectTo(end.headers.location, visited, settings);
    if (next.kind === 'refuse') return { kind: 'refused-redirect', reason: next.reason, reached: true, host: url.host };
    visited.push(next.url);
  }
}

function isRedirect(end: HopEnd): end is HopEnd & { kind: 'reply' } {
  return end.kind === 'reply' && (end.status === 307 || end.status === 308);
}

function loadUrl(put: Put): URL {
  const { database, table } = put.load.target;
  const prefix = put.entrance.url.pathname.replace(/\/$/, '');
  return new URL(`${prefix}/api/${encodeURIComponent(database)}/${encodeURIComponent(table)}/_stream_load`, put.entrance.url);
}

/** The same on every hop: a backend that misses one silently falls back to its default (reference 1.2, 2.2). */
function headersOf(put: Put, timeout: number): Readonly<Record<string, string>> {
  return {
    authorization: put.authorization,
    expect: '100-continue',
    'content-length': String(sizeOf(put.load.body)),
    'accept-encoding': 'identity',
    label: put.load.label,
    format: 'json',
    read_json_by_line: 'true',
    strip_outer_array: 'false',
    strict_mode: 'true',
    max_filter_ratio: '0',
    timeout: String(timeout),
    group_commit: 'off_mode',
  };
}
