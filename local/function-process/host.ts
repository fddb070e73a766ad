import { randomUUID } from 'node:crypto';
import { resolve as absolute } from 'node:path';
import { type Environment, type OutputLine, startEnvironment } from './environment.ts';
import { type InvokeResult, largestRequest, RequestTooLarge } from './invoke-result.ts';

/** A function to be run on this machine. */
export interface FunctionOptions {
  readonly name: string;
  /** Path of the built ES module, ending in `.mjs`. */
  readonly bundle: string;
  /** The module's export that is the handler; default `handler`. */
  readonly handler?: string;
  /** All that the function sees besides Lambda's own variables: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Default 3,000, as Lambda's. */
  readonly timeoutMillis?: number;
  /** Default 512. */
  readonly memoryMegabytes?: number;
  /** Processes at most, one for each invocation in flight; further ones wait. Default 1. */
  readonly concurrency?: number;
  /** The Node binary; default: the one that runs this program. */
  readonly node?: string;
  readonly region?: string;
  readonly onOutput?: (line: OutputLine) => void;
}

/** A function that can be invoked. */
export interface FunctionHost {
  readonly functionArn: string;
  /**
   * Invokes the function with an event given as JSON text.
   *
   * @throws {RequestTooLarge} above 6 MB
   */
  invoke(event: string): Promise<InvokeResult>;
  /** Ends every process with SIGKILL, in the middle of its work; the next invocation starts a new one. */
  kill(): Promise<void>;
  /** Ends every process and refuses further invocations. */
  close(): Promise<void>;
}

/** Runs a built function in processes of its own, kept warm between invocations. Nothing is started before the first invocation. */
export function startFunctionHost(options: FunctionOptions): FunctionHost {
  const { region = 'us-east-1', name } = options;
  const functionArn = `arn:aws:lambda:${region}:000000000000:function:${name}`;
  const pool = createPool(options.concurrency ?? 1, () =>
    startEnvironment({
      name,
      functionArn,
      region,
      bundle: absolute(options.bundle),
      handler: options.handler ?? 'handler',
      env: options.env,
      timeoutMillis: options.timeoutMillis ?? 3000,
      memoryMegabytes: options.memoryMegabytes ?? 512,
      node: options.node ?? process.execPath,
      onOutput: options.onOutput ?? (() => undefined),
    }),
  );
  return {
    functionArn,
    invoke: async (event) => {
      const payload = Buffer.from(event);
      if (payload.length > largestRequest) throw new RequestTooLarge(payload.length);
      return pool.use((environment) => environment.invoke({ requestId: randomUUID(), functionArn, payload }));
    },
    kill: () => pool.killAll(),
    close: () => pool.close(),
  };
}

interface Pool {
  use<Result>(work: (environment: Environment) => Promise<Result>): Promise<Result>;
  killAll(): Promise<void>;
  close(): Promise<void>;
}

function createPool(size: number, start: () => Promise<Environment>): Pool {
  const idle: Environment[] = [];
  const all = new Set<Environment>();
  const waiting: (() => void)[] = [];
  let free = size;
  let isClosed = false;

  const killAll = async (): Promise<void> => {
    await Promise.all([...all].map((environment) => environment.kill()));
    all.clear();
  };
  const warmOne = (): Environment | undefined => {
    for (let one = idle.pop(); one !== undefined; one = idle.pop()) if (one.isUsable()) return one;
    return undefined;
  };
  const takeSlot = async (): Promise<void> => {
    if (free === 0) await new Promise<void>((go) => waiting.push(go));
    else free -= 1;
  };
  const giveSlotBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    use: async (work) => {
      if (isClosed) throw new Error('The function host is closed');
      await takeSlot();
      try {
        const environment = warmOne() ?? (await start());
        all.add(environment);
        const result = await work(environment);
        if (environment.isUsable()) idle.push(environment);
        else all.delete(environment);
        return result;
      } finally {
        giveSlotBack();
      }
    },
    killAll,
    close: async () => {
      isClosed = true;
      await killAll();
    },
  };
}
