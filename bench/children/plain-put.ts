import { Agent, type IncomingMessage, request } from 'node:http';
import type { Contender } from './laps.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** The least that carries a body over both hops of Stream Load: the bar that the handler is held against. */
export function plain(): Contender {
  return (_event, { body }) => putPlainly(body);
}

/** One PUT over both hops, with nothing around it. */
export async function putPlainly(body: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const hop = await send(`${process.env['DORIS_FE_URLS']}/api/db/t/_stream_load`, body, { headers, withBody: false });
  const reply = await send(String(hop.headers.location), body, { headers, withBody: true });
  let text = '';
  for await (const chunk of reply) text += chunk;
  if (!text.includes('Success')) throw new Error(`the server answered ${text.slice(0, 200)}`);
}

interface Way {
  readonly headers: Readonly<Record<string, string>>;
  readonly withBody: boolean;
}

function send(url: string, body: Buffer, { headers, withBody }: Way): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const all = { expect: '100-continue', 'content-length': body.length, label: 'plain', ...headers };
    const put = request(url, { method: 'PUT', agent, headers: all }, (reply) => {
      resolve(reply);
      // The frontend never gets the body that was announced, so its connection cannot be used again.
      if (!withBody) put.destroy();
    });
    put.on('error', reject);
    put.on('continue', () => put.end(body));
    put.flushHeaders();
  });
}
