import type { Deadline } from '../deadline.ts';
import type { Load, LoadMode, Target } from '../ports.ts';
import { type Millis, millis } from '../units.ts';
import { sizeOf } from './body.ts';
import type { HopEnd, Silence } from './hop.ts';
import type { Line } from './line.ts';
import { redirectTo, startOf } from './redirect.ts';
import type { FullSettings } from './settings.ts';

/** Where a PUT goes first. */
export interface Entrance {
  readonly url: URL;
  readonly role: 'frontend' | 'backend';
}

/** A load as it goes over the wire. */
export interface WireLoad extends Load {
  /** What `body` is packed with (`compress_type`). */
  readonly compression: 'none' | 'gz';
}

/** One PUT of a load. */
export interface Put {
  readonly load: Omit<WireLoad, 'inDoubt' | 'wouldBeKnown' | 'mayCommit' | 'mayPack'>;
  readonly mode: LoadMode;
  readonly entrance: Entrance;
  readonly authorization: string;
  /** At least 1 s away. */
  readonly deadline: Deadline;
  /** Entrances that are to be tried when this one is silent: it leaves them their share of the time. */
  readonly others: number;
  /** Headers in place of the usual ones of these names. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** No request that may start a load goes out with less than this left: Doris's shortest timeout. */
export const SHORTEST_ATTEMPT = millis(1000);
/** Why none went out. */
export const TOO_LATE = 'less than 1 s was left to start a load';

/** What came of a PUT, before anybody judges it. `host`: the last server asked; `redirected`: another one than the first. */
export type Exchange = { readonly host: string; readonly redirected: boolean } & (
  | HopEnd
  | { readonly kind: 'refused-redirect'; readonly reason: string; readonly reached: true }
);

/** Beyond Doris's own timeout: the time for its last answer to arrive. */
const GRACE = millis(2000);

const GONE = 'no request was sent: another invocation has this load now';

/** Puts a load: to the frontend and on to the backend that it names, or to a backend at once. Each hop gets the same headers and the whole body. */
export async function putLoad(put: Put, line: Line): Promise<Exchange> {
  const { settings, clock } = line;
  const over = new AbortController();
  const longest = Math.min(put.deadline.remaining(), settings.maxLoadTimeout + settings.frontendTimeout + GRACE);
  const callOff = clock.alarm(millis(longest), () => over.abort());
  try {
    return await followed(put, over.signal, line);
  } finally {
    callOff();
  }
}

/** Whole seconds that Doris may take, so that it gives up (and frees the label) no later than the loader does. At least 1. */
export function timeoutSeconds(left: Millis, longest: Millis): number {
  return Math.max(1, Math.floor(Math.min(left, longest) / 1000));
}

async function followed(put: Put, signal: AbortSignal, { settings, wires }: Line): Promise<Exchange> {
  const asked = loadPath(put.load.target);
  const visited: [URL, ...URL[]] = [startOf(put.entrance.url, asked)];
  const atFrontend = silenceOfFrontend(put, settings);
  for (;;) {
    const url = visited.at(-1) ?? visited[0];
    const redirected = visited.length > 1;
    const objection = await objectionToSending(put);
    if (objection !== undefined)
      return { kind: 'lost', bodyBegun: false, reason: objection, reached: redirected, redirected, host: url.host };
    const headers = headersOf(put, settings);
    const silence = redirected || put.entrance.role === 'backend' ? silenceOfBackend(settings) : atFrontend;
    const end = await wires.put({ url, headers, body: put.load.body, connectTimeout: settings.connectTimeout, silence, signal });
    if (!isRedirect(end)) return { ...end, reached: end.reached || redirected, redirected, host: url.host };
    const next = redirectTo(end.headers.location, { asked, visited }, settings);
    if (next.kind === 'refuse') return { kind: 'refused-redirect', reason: next.reason, reached: true, redirected, host: url.host };
    visited.push(next.url);
  }
}

/** A slow frontend, or a slow ledger, leaves less time than there was, and perhaps the load to somebody else. */
async function objectionToSending({ load, deadline }: Put): Promise<string | undefined> {
  if (!(await load.mayStart())) return GONE;
  return deadline.remaining() < SHORTEST_ATTEMPT ? TOO_LATE : undefined;
}

function silenceOfFrontend({ deadline, others }: Put, { frontendTimeout }: FullSettings): Silence {
  const share = others === 0 ? frontendTimeout : Math.min(frontendTimeout, deadline.remaining() / (others + 1));
  return { after: millis(share), reaction: 'give-up' };
}

function silenceOfBackend({ continueTimeout }: FullSettings): Silence {
  return { after: continueTimeout, reaction: 'send-body' };
}

function isRedirect(end: HopEnd): end is HopEnd & { kind: 'reply' } {
  return end.kind === 'reply' && (end.status === 307 || end.status === 308);
}

function loadPath({ database, table }: Target): string {
  return `/api/${encodeURIComponent(database)}/${encodeURIComponent(table)}/_stream_load`;
}

/** The same on every hop: a backend that misses one silently falls back to its default (reference 1.2, 2.2). */
function headersOf(put: Put, { maxLoadTimeout, sequenceColumn, timeZone, groupCommit }: FullSettings): Readonly<Record<string, string>> {
  return {
    authorization: put.authorization,
    expect: '100-continue',
    'content-length': String(sizeOf(put.load.body)),
    'accept-encoding': 'identity',
    format: 'json',
    read_json_by_line: 'true',
    strip_outer_array: 'false',
    strict_mode: 'true',
    max_filter_ratio: '0',
    timeout: String(timeoutSeconds(put.deadline.remaining(), maxLoadTimeout)),
    ...(put.load.compression === 'none' ? {} : { compress_type: put.load.compression }),
    ...headersOfMode(put, groupCommit),
    ...(sequenceColumn === undefined ? {} : { 'function_column.sequence_col': sequenceColumn }),
    ...(timeZone === undefined ? {} : { timezone: timeZone }),
    ...put.instead,
  };
}

/** A table's own property would apply group commit where nothing is said, and a label is refused where it is applied (reference 2.3). */
function headersOfMode({ load, mode }: Put, groupCommit: 'sync' | 'async'): Readonly<Record<string, string>> {
  switch (mode) {
    case 'labelled':
      return { label: load.label, group_commit: 'off_mode' };
    case 'two-phase':
      return { label: load.label, group_commit: 'off_mode', two_phase_commit: 'true' };
    case 'group-commit-may-duplicate':
      return { group_commit: `${groupCommit}_mode` };
    default:
      return mode satisfies never;
  }
}
