import { type Dispatcher, request } from 'undici';
import type { Millis } from '../units.ts';

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
  /** More of the body than this is neither read nor kept. */
  readonly longest: number;
}

/** Asks once and follows nothing. Never throws for what a server does. */
export async function askOnce(question: Question, dispatcher: Dispatcher): Promise<Answer> {
  const within = Math.max(1, Math.floor(question.within));
  try {
    const response = await request(question.url, {
      dispatcher,
      ...(question.post === undefined ? { method: question.put === undefined ? 'GET' : 'PUT' } : { method: 'POST', body: question.post }),
      headers: {
        'accept-encoding': 'identity',
        ...question.put,
        ...(question.post === undefined ? {} : { 'content-type': 'application/json' }),
        ...(question.authorization === undefined ? {} : { authorization: question.authorization }),
      },
      headersTimeout: within,
      bodyTimeout: within,
      signal: AbortSignal.timeout(within),
    });
    const location = response.headers['location'];
    const text = await readStart(response.body, question.longest);
    return { kind: 'answer', status: response.statusCode, location: typeof location === 'string' ? location : undefined, text };
  } catch (cause) {
    return { kind: 'silent', reason: reasonOf(cause) };
  }
}

async function readStart(body: AsyncIterable<Buffer>, longest: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length >= longest) break;
  }
  return new TextDecoder().decode(Buffer.concat(pieces).subarray(0, longest));
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no answer';
  if (cause.name === 'TimeoutError') return 'no answer in time';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
