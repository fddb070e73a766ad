import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultPlace } from './faults.ts';

/** One HTTP request at a node, with everything needed to answer it. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** As sent, not decoded, without query. */
  readonly rawPath: string;
  /** As sent, without `?`. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  /** The client sent `Expect: 100-continue` and sends its body when it is told to. */
  readonly waitsForContinue: boolean;
  /** Who is struck when a fault matches; the point comes with each strike. */
  readonly place: Omit<FaultPlace, 'point'>;
}

/** A whole HTTP answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The request header as UTF-8 text, or undefined when it is absent or empty: for Doris both are the same. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.join(', ') : value;
  // Node reads header bytes as latin1; Doris takes them as they are.
  return text ? Buffer.from(text, 'latin1').toString('utf8') : undefined;
}

/** True while body bytes may still come, which forbids another request on the connection. */
export function hasUnreadBody({ request }: Call): boolean {
  if (request.complete) return false;
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

/** A JSON answer in Doris's compact form. */
export function json(value: unknown, status = 200): Reply {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}
