import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInvokeEndpoint } from '../../local/function-process/invoke-endpoint.ts';
import type { InvokeResult } from '../../local/function-process/invoke-result.ts';
import type { Endpoint } from '../../local/loopback.ts';
import { type Ended, runCli } from './run.ts';

const returning = (value: unknown) => async (): Promise<InvokeResult> => ({ kind: 'returned', payload: JSON.stringify(value) });
const finding = { check: 'tcp', verdict: 'fault', subject: 'fe:8030', what: 'ECONNREFUSED', advice: 'open the way' };

let lambda: Endpoint;
let asked: unknown;
beforeAll(async () => {
  lambda = await startInvokeEndpoint({
    doctor: {
      invoke: async (event) => {
        asked = JSON.parse(event);
        return await returning({ findings: [finding] })();
      },
    },
    loader: { invoke: returning({ batchItemFailures: [] }) },
    failing: { invoke: async () => ({ kind: 'error', errorType: 'ConfigError', errorMessage: 'streams: wrong', trace: [] }) },
    slow: { invoke: async () => ({ kind: 'timeout', afterMillis: 300_000 }) },
  });
});
afterAll(() => lambda.close());

function doctor(...args: readonly string[]): Promise<Ended> {
  const aws = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  return runCli(['doctor', '--inside', ...args], { ...aws, AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint });
}

describe('doctor --inside', () => {
  it('prints what the function found, with what to do, and ends with 1 for a fault', async () => {
    const { code, stdout } = await doctor('doctor', '--stream', 'orders', '--function-timeout', '60');

    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAULT +tcp +fe:8030 +ECONNREFUSED/m);
    expect(stdout).toMatch(/^tcp fe:8030: open the way/m);
    expect(asked).toEqual({ samples: [], streams: ['orders'], functionTimeout: 60 });
  });

  it.each([
    ['nowhere', 'function nowhere: ResourceNotFoundException: Function not found: nowhere'],
    ['loader', "function loader: its answer is none of doctor's; the output <Loader>Doctor of the stack names the function"],
    ['failing', 'function failing: ConfigError: streams: wrong'],
    ['slow', 'function slow: Sandbox.Timedout: Task timed out after 300.00 seconds'],
  ])('ends with 3 and one sentence when the function is %s', async (name, sentence) => {
    expect(await doctor(name)).toEqual({ code: 3, stdout: '', stderr: `${sentence}\n` });
  });
});
