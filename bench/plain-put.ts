import { Agent, type IncomingMessage, request } from 'node:http';

const agent = new Agent({ keepAlive: true });

/** Lets the process end. */
export function closePlainPut(): void {
  agent.destroy();
}

/** The least that carries a body over both hops of Stream Load: the bar that the handler is held against. */
export async function plainPut(frontend: string, body: Buffer): Promise<void> {
  const hop = await send(`${frontend}/api/db/t/_stream_load`, body, false);
  const reply = await send(String(hop.headers.location), body, true);
  let text = '';
  for await (const chunk of reply) text += chunk;
  if (!text.includes('Success')) throw new Error(`the sink answered ${text.slice(0, 200)}`);
}

function send(url: string, body: Buffer, withBody: boolean): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { expect: '100-continue', 'content-length': body.length, label: 'plain' };
    const put = request(url, { method: 'PUT', agent, headers }, (reply) => {
      resolve(reply);
      if (!withBody) put.destroy();
    });
    put.on('error', reject);
    put.on('continue', () => put.end(body));
    put.flushHeaders();
  });
}
