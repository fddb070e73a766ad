import { DATABASE, type Stack, startStack } from '../local/demo/stack.ts';
import { type FunctionHost, startFunctionHost } from '../local/function-process/host.ts';
import { BENCH_NODE } from './run-child.ts';

/** The whole stack of one machine, with the table that {@link sampleOf}'s records fit. */
export async function openEmbedded(shards: number): Promise<Stack> {
  const stack = await startStack(shards);
  await stack.doris.query(
    'CREATE TABLE t (id BIGINT, kind VARCHAR(8), amount DOUBLE, name VARCHAR(64), text STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1',
    DATABASE,
  );
  return stack;
}

const TIMEOUT_MS = 120_000;

/** A function on top of it, warm after its first event. */
export function functionOn(stack: Stack, bundle: string, concurrency: number, env: Readonly<Record<string, string>> = {}): FunctionHost {
  return startFunctionHost({
    name: 'bench',
    bundle,
    node: BENCH_NODE,
    env: { ...stack.env, DORIS_TABLE: 't', POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true', ...env },
    timeoutMillis: TIMEOUT_MS,
    concurrency,
  });
}
