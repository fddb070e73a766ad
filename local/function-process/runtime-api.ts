import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Endpoint, listenOnLoopback } from '../loopback.ts';
import { type InvokeResult, largestResponse } from './invoke-result.ts';

/** One event on its way to a handler. */
export interface Invocation {
  readonly requestId: string;
  readonly functionArn: string;
  /** Epoch milliseconds at which the process will be killed. */
  readonly deadline: number;
  readonly payload: Buffer;
}

/** The Lambda Runtime API (version 2018-06-01) for one process. */
export interface RuntimeApi extends Endpoint {
  /** Resolves when the process asks for work the first time, with an error when it reported that it could not start. */
  readonly initialised: Promise<InvokeResult | undefined>;
  /** Hands the event to the process and resolves with what it posts back. One at a time. */
  run(invocation: Invocation): Promise<InvokeResult>;
}

/** Starts the API that a Lambda runtime, ours or a published one, polls for its work. */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const state = createState();
  const server = createServer((request, response) => {
    route(state, request, response).catch(() => response.destroy());
  });
  // A runtime waits for its next event as long as it takes.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  return {
    ...(await listenOnLoopback(server)),
    initialised: state.initialised,
    run: (invocation) =>
      new Promise((resolve) => {
        state.settle = resolve;
        state.queued = invocation;
        handOver(state);
      }),
  };
}

interface State {
  readonly initialised: Promise<InvokeResult | undefined>;
  readonly finishInit: (error: InvokeResult | undefined) => void;
  queued: Invocation | undefined;
  /** The poll that waits for an event. */
  poll: ServerResponse | undefined;
  settle: ((result: InvokeResult) => void) | undefined;
}

function createState(): State {
  let finishInit: State['finishInit'] = () => undefined;
  const initialised = new Promise<InvokeResult | undefined>((resolve) => {
    finishInit = resolve;
  });
  return { initialised, finishInit, queued: undefined, poll: undefined, settle: undefined };
}

const root = '/2018-06-01/runtime';

async function route(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  if (path === `${root}/invocation/next`) {
    state.poll = response;
    state.finishInit(undefined);
    handOver(state);
    return;
  }
  const body = await readBody(request);
  if (path === `${root}/init/error`) {
    state.finishInit(errorResult(body ?? '{}'));
  } else if (path.endsWith('/error')) {
    settle(state, errorResult(body ?? '{}'));
  } else if (body === undefined) {
    settle(state, tooLarge);
    response.writeHead(413).end('{}');
    return;
  } else {
    settle(state, { kind: 'returned', payload: body });
  }
  response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
}

function handOver(state: State): void {
  const { poll, queued } = state;
  if (poll === undefined || queued === undefined) return;
  state.poll = undefined;
  state.queued = undefined;
  poll.writeHead(200, {
    'content-type': 'application/json',
    'content-length': queued.payload.length,
    'lambda-runtime-aws-request-id': queued.requestId,
    'lambda-runtime-deadline-ms': String(queued.deadline),
    'lambda-runtime-invoked-function-arn': queued.functionArn,
  });
  poll.end(queued.payload);
}

function settle(state: State, result: InvokeResult): void {
  const { settle: resolve } = state;
  state.settle = undefined;
  resolve?.(result);
}

const tooLarge: InvokeResult = {
  kind: 'error',
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${largestResponse} bytes).`,
  trace: [],
};

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= largestResponse) chunks.push(chunk);
  }
  return length > largestResponse ? undefined : Buffer.concat(chunks).toString();
}

/** Runtimes post `{errorType, errorMessage, stackTrace}`; the published Node one writes `trace`. */
function errorResult(body: string): InvokeResult {
  const posted = JSON.parse(body) as { errorType?: string; errorMessage?: string; trace?: string[]; stackTrace?: string[] };
  const { errorType = 'Unknown', errorMessage = '', trace = posted.stackTrace ?? [] } = posted;
  return { kind: 'error', errorType, errorMessage, trace };
}
