import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type OwnedProcess, startOwnedProcess } from '../owned-process.ts';
import type { InvokeResult } from './invoke-result.ts';
import { type Invocation, type RuntimeApi, startRuntimeApi } from './runtime-api.ts';

/** One line that the function wrote. */
export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** How a function is run. */
export interface FunctionSettings {
  readonly name: string;
  readonly functionArn: string;
  readonly region: string;
  /** Path of the ES module, ending in `.mjs`. */
  readonly bundle: string;
  /** The module's export that is the handler. */
  readonly handler: string;
  /** All that the function sees besides Lambda's own variables: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMillis: number;
  /** Bounds the heap of the process; a function that needs more crashes. */
  readonly memoryMegabytes: number;
  /** The Node binary. */
  readonly node: string;
  readonly onOutput: (line: OutputLine) => void;
}

/** One process that serves one invocation at a time. */
export interface Environment {
  /** False once the process has ended or is to be killed. */
  isUsable(): boolean;
  invoke(invocation: Omit<Invocation, 'deadline'>): Promise<InvokeResult>;
  kill(): Promise<void>;
}

/** Starts a process for the function; what goes wrong while it starts is told by its first invocation. */
export async function startEnvironment(settings: FunctionSettings): Promise<Environment> {
  const api = await startRuntimeApi();
  const process = startProcess(settings, api);
  const crash: Promise<InvokeResult> = process.ended.then((ending) => ({ kind: 'crashed', ...ending }));
  let isUsable = true;
  const stop = async (): Promise<void> => {
    isUsable = false;
    await process.kill();
    await api.close();
  };
  void process.ended.then(stop);
  return {
    isUsable: () => isUsable,
    kill: stop,
    invoke: async (invocation) => {
      const result = await runInTime(settings, api, invocation, crash);
      if (result.kind === 'timeout') await stop();
      if (result.kind === 'crashed') isUsable = false;
      return result;
    },
  };
}

/** Lambda gives the code outside the handler 10 s of its own. */
const initMillis = 10_000;

async function runInTime(
  settings: FunctionSettings,
  api: RuntimeApi,
  invocation: Omit<Invocation, 'deadline'>,
  crash: Promise<InvokeResult>,
): Promise<InvokeResult> {
  const failedInit = await withTimer(initMillis, [api.initialised, crash]);
  if (failedInit !== undefined) return failedInit;
  const run = api.run({ ...invocation, deadline: Date.now() + settings.timeoutMillis });
  return withTimer(settings.timeoutMillis, [run, crash]);
}

async function withTimer<Result>(afterMillis: number, others: readonly Promise<Result>[]): Promise<Result | InvokeResult> {
  const stop = new AbortController();
  const timer = sleep(afterMillis, undefined, { signal: stop.signal }).then((): InvokeResult => ({ kind: 'timeout', afterMillis }));
  timer.catch(() => undefined);
  try {
    return await Promise.race([timer, ...others]);
  } finally {
    stop.abort();
  }
}

const bootstrap = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));

function startProcess(settings: FunctionSettings, api: RuntimeApi): OwnedProcess {
  const started = startOwnedProcess(settings.node, [`--max-old-space-size=${settings.memoryMegabytes}`, bootstrap], {
    // Lambda's own Node is newer than the one that may run here: the SDK need not say so in every log.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...settings.env,
    AWS_LAMBDA_RUNTIME_API: new URL(api.endpoint).host,
    AWS_LAMBDA_FUNCTION_NAME: settings.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_REGION: settings.region,
    LAMBDA_TASK_ROOT: dirname(settings.bundle),
    TZ: ':UTC',
    _HANDLER: `${basename(settings.bundle, '.mjs')}.${settings.handler}`,
  });
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: started[stream] }).on('line', (text) => settings.onOutput({ stream, text }));
  }
  return started;
}
