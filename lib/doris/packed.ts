import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** The bytes of a body as they were before a proxy packed them, which some do although identity was asked for. @throws when they are damaged, or too many. */
export function unpacked(body: Uint8Array, headers: IncomingHttpHeaders, longest: number): Uint8Array {
  const isPacked = /^\s*(x-)?gzip\s*$/i.test(headers['content-encoding'] ?? '');
  return isPacked ? gunzipSync(body, { maxOutputLength: longest }) : body;
}
