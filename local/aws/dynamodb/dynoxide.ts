import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Endpoint, listenOnLoopback } from '../../loopback.ts';
import { type OwnedProcess, startOwnedProcess } from '../../owned-process.ts';

/** Where the binary of this platform is, or undefined when npm installed none. */
export function dynoxidePath(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/package.json`);
    return join(manifest, '..', 'dynoxide');
  } catch {
    return undefined;
  }
}

/** The port is chosen before the process listens on it, so another program may take it in between. */
const attempts = 5;

/** Starts the binary as a child process. */
export async function startDynoxide(binary: string): Promise<Endpoint> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = await freePort();
    const process = startOwnedProcess(binary, ['serve', '--host', '127.0.0.1', '--port', String(port)], {});
    const endpoint = `http://127.0.0.1:${port}`;
    if (await listens(process)) {
      return {
        endpoint,
        close: async () => {
          await process.kill();
        },
      };
    }
    await process.kill();
  }
  throw new Error(`dynoxide did not start in ${attempts} attempts: run '${binary} serve' to see why`);
}

async function freePort(): Promise<number> {
  const { endpoint, close } = await listenOnLoopback(createServer());
  await close();
  return Number(new URL(endpoint).port);
}

/** The program says so in one line, or ends because the port is taken. */
function listens(process: OwnedProcess): Promise<boolean> {
  const ended = process.ended.then(() => false);
  const listening = new Promise<boolean>((resolve) => {
    for (const output of [process.stdout, process.stderr]) {
      output.on('data', (text: Buffer) => {
        if (text.includes('listening on')) resolve(true);
      });
    }
  });
  return Promise.race([listening, ended]);
}
