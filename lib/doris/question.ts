import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Millis } from '../units.ts';
import { whenConnected } from './hop.ts';
import { unpacked } from './packed.ts';

/** A small answer to a GET, or why there is none. */
export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly location: string | undefined; readonly text: string }
  | { readonly kind: 'silent'; readonly reason: string };

/** One GET, a POST of JSON, or a PUT that says everything in its headers. */
export interface Question {
  readonly url: URL;
  readonly post?: string;
  readonly put?: Readonly<Record<string, string>>;
  /** Left out where credentials must not go. */
  readonly authorization: string | undefined;
  /** For everything together, connecting included. */
  readonly within: Millis;
  /** More of the body than this is neither read nor kept, packed or unpacked. */
  readonly longest: number;
}

/** How questions reach a server. */
export interface QuestionSettings {
  readonly connectTimeout: Millis;
  /** PEM of a private CA. */
  readonly caCert?: string;
}

/**
 * Asks once, on a connection of its own, and follows nothing. Never throws for what a server does. Questions are rare: a connection that
 * was kept would often be one that the server has closed meanwhile.
 */
export async function askOnce(question: Question, settings: QuestionSettings): Promise<Answer> {
  try {
    const response = await responseTo(question, settings);
    const text = new TextDecoder().decode(unpacked(await readStart(response, question.longest), response.headers, question.longest));
    return { kind: 'answer', status: response.statusCode ?? 0, location: response.headers.location, text };
  } catch (cause) {
    return { kind: 'silent', reason: reasonOf(cause) };
  }
}

function responseTo(question: Question, { connectTimeout, caCert }: QuestionSettings): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = open(question, caCert);
    const connecting = setTimeout(() => request.destroy(new Error(`no connection within ${connectTimeout} ms`)), connectTimeout);
    whenConnected(request, () => clearTimeout(connecting));
    request.on('response', resolve);
    request.on('error', reject);
    request.on('close', () => {
      clearTimeout(connecting);
      reject(new Error('connection closed without an answer'));
    });
    request.end(question.post);
  });
}

function open({ url, post, put, authorization, within }: Question, caCert: string | undefined): ClientRequest {
  const options = {
    method: post === undefined ? (put === undefined ? 'GET' : 'PUT') : 'POST',
    headers: {
      'accept-encoding': 'identity',
      ...put,
      ...(post === undefined ? {} : { 'content-type': 'application/json' }),
      ...(authorization === undefined ? {} : { authorization }),
    },
    agent: false,
    signal: AbortSignal.timeout(Math.max(1, Math.floor(within))),
  } as const;
  if (url.protocol === 'http:') return http.request(url, options);
  return https.request(url, { ...options, ...(caCert === undefined ? {} : { ca: caCert }) });
}

async function readStart(body: AsyncIterable<Buffer>, longest: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length >= longest) break;
  }
  return Buffer.concat(pieces).subarray(0, longest);
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no answer';
  if (cause.name === 'AbortError') return 'no answer in time';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
