import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventSourceMapping } from '../../../local/event-source-mapping/kinesis.ts';
import { type FunctionHost, type FunctionOptions, startFunctionHost } from '../../../local/function-process/host.ts';

/** A client of an emulator. */
export const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };

/** The functions of one test file, each a bundle of its own in a process of its own. */
export interface Functions<Seen> {
  /**
   * Starts a function and maps something to it.
   *
   * @param handler - the body of its `handler(event, context)`: it appends to the file `process.env.SEEN` a line of JSON for each delivery,
   * and has `state`, which lives as long as its process.
   */
  map<M extends EventSourceMapping>(
    handler: string,
    options: Partial<FunctionOptions> | undefined,
    start: (host: FunctionHost) => Promise<M>,
  ): Promise<M & { seen(): readonly Seen[] }>;
  endTest(): Promise<void>;
  close(): Promise<void>;
}

export async function openFunctions<Seen>(): Promise<Functions<Seen>> {
  const folder = await mkdtemp(join(tmpdir(), 'mapping-'));
  const open: { readonly mapping: EventSourceMapping; readonly host: FunctionHost }[] = [];
  let made = 0;

  const endTest = async (): Promise<void> => {
    for (const { mapping, host } of open.splice(0)) {
      await host.close();
      await mapping.stop();
    }
  };
  return {
    map: async (handler, options, start) => {
      const bundle = join(folder, `handler-${++made}.mjs`);
      const seenFile = join(folder, `seen-${made}.jsonl`);
      await writeFile(bundle, sourceOf(handler));
      const host = startFunctionHost({ name: 'handler', bundle, env: { SEEN: seenFile }, timeoutMillis: 20_000, ...options });
      const mapping = await start(host);
      open.push({ mapping, host });
      const seen = () =>
        existsSync(seenFile)
          ? readFileSync(seenFile, 'utf8')
              .trim()
              .split('\n')
              .map((line): Seen => JSON.parse(line))
          : [];
      return { ...mapping, seen };
    },
    endTest,
    close: async () => {
      await endTest();
      await rm(folder, { recursive: true });
    },
  };
}

const sourceOf = (handler: string) => `
import { appendFileSync } from 'node:fs';
const state = {};
const saw = (what) => appendFileSync(process.env.SEEN, JSON.stringify(what) + '\\n');
export const handler = async (event, context) => {
  ${handler}
};`;
