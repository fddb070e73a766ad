import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionHost, type FunctionOptions, startFunctionHost } from '../../../local/function-process/host.ts';

let folder: string;
let host: FunctionHost;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'function-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => host.close());

let bundles = 0;

async function hostOf(source: string, options: Partial<FunctionOptions> = {}): Promise<FunctionHost> {
  const bundle = join(folder, `bundle-${++bundles}.mjs`);
  await writeFile(bundle, source);
  host = startFunctionHost({ name: 'loader', bundle, env: {}, ...options });
  return host;
}

async function payloadOf(event: string): Promise<unknown> {
  const result = await host.invoke(event);
  if (result.kind !== 'returned') throw new Error(`expected a value, got ${JSON.stringify(result)}`);
  return JSON.parse(result.payload);
}

describe('a function in its own process', () => {
  it('gets the event and answers with what its handler returns', async () => {
    await hostOf('export const handler = async (event) => ({ echoed: event.records });');

    expect(await host.invoke('{"records":[1,"zwei"]}')).toEqual({ kind: 'returned', payload: '{"echoed":[1,"zwei"]}' });
  });

  it('answers null when its handler returns nothing', async () => {
    await hostOf('export const handler = async () => {};');

    expect(await host.invoke('{}')).toEqual({ kind: 'returned', payload: 'null' });
  });

  it("sees the environment it was given and Lambda's own variables, and nothing of ours", async () => {
    await hostOf('export const handler = async () => process.env;', { env: { LEDGER_TABLE: 'ledger' }, memoryMegabytes: 256 });

    const env = await payloadOf('{}');

    expect(env).toMatchObject({
      LEDGER_TABLE: 'ledger',
      AWS_LAMBDA_FUNCTION_NAME: 'loader',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_REGION: 'us-east-1',
      _HANDLER: `bundle-${bundles}.handler`,
    });
    expect(env).not.toHaveProperty('HOME');
  });

  it('runs under the Node binary that is named', async () => {
    const node = join(folder, 'node-wrapper');
    await writeFile(node, `#!/bin/sh\nSTARTED_BY=wrapper exec '${process.execPath}' "$@"\n`, { mode: 0o755 });
    await hostOf('export const handler = async () => process.env.STARTED_BY;', { node });

    expect(await payloadOf('{}')).toBe('wrapper');
  });

  it('is told its name, its request and the time it has left', async () => {
    await hostOf(
      `export const handler = async (event, context) => ({
        ...context, left: context.getRemainingTimeInMillis() > 0 && context.getRemainingTimeInMillis() <= 60_000 });`,
      { timeoutMillis: 60_000 },
    );

    expect(await payloadOf('{}')).toMatchObject({
      functionName: 'loader',
      functionVersion: '$LATEST',
      memoryLimitInMB: '512',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:loader',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      left: true,
    });
  });

  it('stays warm: the next invocation finds what the first one left in the module', async () => {
    await hostOf('let calls = 0; export const handler = async () => ++calls;');

    expect([await payloadOf('{}'), await payloadOf('{}'), await payloadOf('{}')]).toEqual([1, 2, 3]);
  });

  it('serves one invocation per process, and as many at a time as it may', async () => {
    const source = `export const handler = async () => { await new Promise((go) => setTimeout(go, 100)); return process.pid; };`;
    await hostOf(source, { concurrency: 2 });

    const pids = await Promise.all([payloadOf('{}'), payloadOf('{}'), payloadOf('{}'), payloadOf('{}')]);

    expect(new Set(pids).size).toBe(2);
  });

  it('hands over every line that it writes', async () => {
    const lines: string[] = [];
    const allSeen = new Promise<void>((resolve) => {
      void hostOf(`export const handler = async () => { console.log('{"level":"INFO"}'); console.error('oops'); };`, {
        onOutput: ({ stream, text }) => {
          lines.push(`${stream}: ${text}`);
          if (lines.length === 2) resolve();
        },
      }).then(() => host.invoke('{}'));
    });
    await allSeen;

    expect(lines.toSorted()).toEqual(['stderr: oops', 'stdout: {"level":"INFO"}']);
  });
});

describe('a function that fails', () => {
  it('tells the type and message of what its handler threw, and goes on', async () => {
    await hostOf(`export const handler = async (event) => { if (event.bad) throw new RangeError('too far'); return 'fine'; };`);

    expect(await host.invoke('{"bad":true}')).toMatchObject({ kind: 'error', errorType: 'RangeError', errorMessage: 'too far' });
    expect(await payloadOf('{}')).toBe('fine');
  });

  it('tells that its module could not be loaded', async () => {
    await hostOf(`throw new Error('no table named'); export const handler = 1;`);

    expect(await host.invoke('{}')).toMatchObject({
      kind: 'error',
      errorType: 'Runtime.ImportModuleError',
      errorMessage: 'no table named',
    });
  });

  it('tells that its handler is missing', async () => {
    await hostOf('export const other = 1;');

    expect(await host.invoke('{}')).toMatchObject({ kind: 'error', errorType: 'Runtime.HandlerNotFound' });
  });

  it('has crashed when its process ends in the middle, and starts anew', async () => {
    await hostOf(`let calls = 0; export const handler = async (event) => { calls += 1; if (event.exit) process.exit(7); return calls; };`);
    await payloadOf('{}');

    expect(await host.invoke('{"exit":true}')).toEqual({ kind: 'crashed', code: 7, signal: null });
    expect(await payloadOf('{}')).toBe(1);
  });

  it('is killed at its timeout, even in an endless loop, and starts anew', async () => {
    await hostOf(`let calls = 0; export const handler = async (event) => { calls += 1; while (event.spin); return calls; };`, {
      timeoutMillis: 300,
    });
    await payloadOf('{}');

    expect(await host.invoke('{"spin":true}')).toEqual({ kind: 'timeout', afterMillis: 300 });
    expect(await payloadOf('{}')).toBe(1);
  });

  it('has crashed when it is killed from outside, and starts anew', async () => {
    const source = `export const handler = async (event) => {
      if (event.hang) await new Promise(() => setInterval(() => console.log('hanging'), 10));
      return 'up';
    };`;
    let isHanging = (): void => undefined;
    const hangs = new Promise<void>((resolve) => {
      isHanging = resolve;
    });
    await hostOf(source, { timeoutMillis: 60_000, onOutput: () => isHanging() });
    const hanging = host.invoke('{"hang":true}');
    await hangs;

    await host.kill();

    expect(await hanging).toEqual({ kind: 'crashed', code: null, signal: 'SIGKILL' });
    expect(await payloadOf('{}')).toBe('up');
  });

  it('has crashed when it needs more memory than it has', async () => {
    await hostOf('const kept = []; export const handler = async () => { for (;;) kept.push(new Array(1e5).fill({})); };', {
      memoryMegabytes: 32,
      timeoutMillis: 20_000,
    });

    expect(await host.invoke('{}')).toEqual({ kind: 'crashed', code: null, signal: 'SIGABRT' });
  });
});

describe('the size limits of an invocation', () => {
  const sixMegabytes = 6 * 1024 * 1024;

  it('let an event of 6 MB pass and refuse one byte more', async () => {
    await hostOf('export const handler = async (event) => event.length;');

    expect(await payloadOf(JSON.stringify('x'.repeat(sixMegabytes - 2)))).toBe(sixMegabytes - 2);
    await expect(host.invoke(JSON.stringify('x'.repeat(sixMegabytes - 1)))).rejects.toMatchObject({
      name: 'RequestTooLarge',
      bytes: sixMegabytes + 1,
    });
  });

  it('turn a value above 6,291,556 bytes into an error', async () => {
    await hostOf(`export const handler = async (event) => 'x'.repeat(event.length - 2);`);

    expect((await host.invoke('{"length":6291556}')).kind).toBe('returned');
    expect(await host.invoke('{"length":6291557}')).toMatchObject({ kind: 'error', errorType: 'Function.ResponseSizeTooLarge' });
  });
});
