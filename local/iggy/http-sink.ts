import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { type BodySettings, bodiesOf, type OutgoingBody } from './body.ts';
import type { IggyMessage, IggyPartition } from './topic.ts';

/** The settings of http_sink that decide what is sent, under its names and with its defaults. */
export interface HttpSinkOptions extends Partial<BodySettings> {
  readonly url: string;
  /** Static ones; `content-type` is fixed by the mode. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 30,000. */
  readonly timeoutMillis?: number;
  /** Default 10 MiB; 0 lets everything through. */
  readonly maxPayloadSizeBytes?: number;
  /** Default 3. */
  readonly maxRetries?: number;
  /** Default 1,000, doubled for each retry. */
  readonly retryDelayMillis?: number;
  /** Default 30,000. */
  readonly maxRetryDelayMillis?: number;
}

/** What became of the messages that a sink was given. */
interface SinkCounts {
  readonly delivered: number;
  /** Gone for good: the connector has stored their offsets already. */
  readonly dropped: number;
  readonly requests: number;
}

/** A connector's sink. */
export interface HttpSink {
  /** Sends what one poll brought. Like the real one it never fails: what cannot be delivered is dropped and counted. */
  consume(messages: readonly IggyMessage[], from: IggyPartition): Promise<void>;
  counts(): SinkCounts;
}

const DEFAULTS = {
  batchMode: 'individual',
  schema: 'json',
  includeMetadata: true,
  headers: {},
  timeoutMillis: 30_000,
  maxPayloadSizeBytes: 10 * 1024 * 1024,
  maxRetries: 3,
  retryDelayMillis: 1_000,
  maxRetryDelayMillis: 30_000,
} as const;

const SUCCESS: ReadonlySet<number> = new Set([200, 201, 202, 204]);
const TRANSIENT: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/** After so many requests in a row that failed, the rest of a poll is dropped. */
const FAILURES_TO_GIVE_UP = 3;

/** Behaves as the http_sink of Apache Iggy's connectors does, up to its losses. */
export function createHttpSink(options: HttpSinkOptions): HttpSink {
  const settings = { ...DEFAULTS, ...options };
  const counts = { delivered: 0, dropped: 0, requests: 0 };
  return {
    counts: () => ({ ...counts }),
    async consume(messages, from) {
      let failures = 0;
      for (const body of bodiesOf(messages, from, settings)) {
        if (isTooLarge(body, settings) || failures === FAILURES_TO_GIVE_UP) {
          counts.dropped += body.messages.length;
          continue;
        }
        const delivered = await deliver(body, settings, () => counts.requests++);
        counts[delivered ? 'delivered' : 'dropped'] += body.messages.length;
        failures = delivered ? 0 : failures + 1;
      }
    },
  };
}

type Settings = Required<HttpSinkOptions>;

function isTooLarge({ body }: OutgoingBody, { maxPayloadSizeBytes }: Settings): boolean {
  return maxPayloadSizeBytes > 0 && body.length > maxPayloadSizeBytes;
}

/** Every retry sends the same bytes, also when the far side took them and only its reply was late. */
async function deliver(body: OutgoingBody, settings: Settings, onRequest: () => void): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    onRequest();
    const status = await post(body, settings);
    if (status !== undefined && SUCCESS.has(status)) return true;
    const isTransient = status === undefined || TRANSIENT.has(status);
    if (!isTransient || attempt === settings.maxRetries) return false;
    await sleep(Math.min(settings.maxRetryDelayMillis, settings.retryDelayMillis * 2 ** attempt));
  }
}

/** @returns the status; undefined when no answer came in time. */
async function post({ contentType, body }: OutgoingBody, { url, headers, timeoutMillis }: Settings): Promise<number | undefined> {
  try {
    const reply = await request(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': contentType },
      body,
      signal: AbortSignal.timeout(timeoutMillis),
    });
    await reply.body.dump();
    return reply.statusCode;
  } catch {
    return undefined;
  }
}
