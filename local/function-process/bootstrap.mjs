/**
 * A Lambda runtime for Node in one file: loads the handler that `_HANDLER` names, polls the Runtime API, and posts what the handler
 * returns or throws. Plain JavaScript, because it runs under whichever Node version the function is tried with.
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API: api, _HANDLER: handlerName, LAMBDA_TASK_ROOT: taskRoot } = process.env;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body = '') {
  return new Promise((resolve, reject) => {
    const [hostname, port] = api.split(':');
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ agent, hostname, port, method, path: `/2018-06-01/runtime/${path}`, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function describe(thrown) {
  return thrown instanceof Error
    ? { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') }
    : { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}

async function loadHandler() {
  const [file, exported] = handlerName.split(/\.(?=[^.]+$)/);
  const module = await import(pathToFileURL(join(taskRoot, `${file}.mjs`)).href);
  if (typeof module[exported] !== 'function') {
    throw Object.assign(new Error(`${handlerName} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' });
  }
  return module[exported];
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

async function serveOne(handler) {
  const { headers, text } = await call('GET', 'invocation/next');
  const requestId = headers['lambda-runtime-aws-request-id'];
  current = requestId;
  try {
    const value = await handler(JSON.parse(text), contextOf(headers));
    await call('POST', `invocation/${requestId}/response`, JSON.stringify(value === undefined ? null : value));
  } catch (thrown) {
    await call('POST', `invocation/${requestId}/error`, JSON.stringify(describe(thrown)));
  }
  current = undefined;
}

let current;

/** An error outside the handler's promise ends the process, as it does on Lambda, after it was reported. */
async function reportAndExit(errorType, thrown) {
  const report = { ...describe(thrown), errorType };
  console.error(JSON.stringify(report));
  if (current !== undefined) await call('POST', `invocation/${current}/error`, JSON.stringify(report)).catch(() => undefined);
  process.exit(129);
}
process.on('uncaughtException', (thrown) => reportAndExit('Runtime.UncaughtException', thrown));
process.on('unhandledRejection', (thrown) => reportAndExit('Runtime.UnhandledPromiseRejection', thrown));

const handler = await loadHandler().catch(async (thrown) => {
  const errorType = thrown.name === 'Error' ? 'Runtime.ImportModuleError' : thrown.name;
  await call('POST', 'init/error', JSON.stringify({ ...describe(thrown), errorType }));
  process.exit(1);
});

// Ends by an exception when the API is gone: the process that started this one has closed it, or died.
for (;;) await serveOne(handler).catch(() => process.exit(0));
