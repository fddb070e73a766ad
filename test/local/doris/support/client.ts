import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

/** One answer, body as text. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The server sent `100 Continue` before it. */
  readonly continued: boolean;
}

export interface Exchange {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Send the body at once instead of waiting for 100. */
  readonly eager?: boolean;
  readonly agent?: Agent;
  readonly onContinue?: () => void;
}

/** The Authorization of the user that test stand-ins know. */
export const AUTH = { Authorization: `Basic ${Buffer.from('root:').toString('base64')}` };

/** One HTTP exchange. With a body the request says `Expect: 100-continue` and waits for it, unless it is eager. */
export function exchange(
  url: string,
  { method = 'GET', headers = {}, body, eager = false, agent, onContinue }: Exchange = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const framing = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const expect = body === undefined || eager ? {} : { Expect: '100-continue' };
    const request = httpRequest(url, { method, agent: agent ?? false, headers: { ...expect, ...framing, ...headers } });
    let continued = false;
    request.on('continue', () => {
      continued = true;
      onContinue?.();
      request.end(body);
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8'), continued });
        if (agent === undefined) request.destroy();
      });
    });
    if (body === undefined || eager) request.end(body);
    else request.flushHeaders();
  });
}

/** Sends bytes as they are and reads until the server closes. */
export function raw(url: string, bytes: string): Promise<string> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

/** What a load reply holds, as far as tests look. */
export interface LoadReply {
  readonly TxnId: number;
  readonly Label: string;
  readonly Status: string;
  readonly Message: string;
  readonly ExistingJobStatus?: string;
  readonly NumberTotalRows: number;
  readonly NumberLoadedRows: number;
  readonly NumberFilteredRows: number;
  readonly ErrorURL?: string;
  readonly GroupCommit?: boolean;
  readonly [field: string]: unknown;
}

/** The headers that a careful JSON loader sends. */
export const LOAD_HEADERS = { ...AUTH, format: 'json', read_json_by_line: 'true', group_commit: 'off_mode' };

/** One load at a backend, without the FE hop. */
export async function loadAtBackend(
  beUrl: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Promise<LoadReply> {
  const answer = await exchange(`${beUrl}/api/${path}/_stream_load`, { method: 'PUT', headers: { ...LOAD_HEADERS, ...headers }, body });
  return JSON.parse(answer.text);
}

/** One GET at the FE with password, parsed. */
export async function ask(
  feUrl: string,
  path: string,
  method = 'GET',
): Promise<{ readonly msg: string; readonly code: number; readonly data: unknown }> {
  const answer = await exchange(`${feUrl}${path}`, { method, headers: AUTH });
  return JSON.parse(answer.text);
}
