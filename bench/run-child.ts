import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { type FUNCTIONS, ONE_MODULE } from '../infra/bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
type Child = 'race' | 'peers' | 'memory' | 'cold-start' | 'long-run';

const built = new Map<Child, Promise<string>>();

/** Built as the functions are: a loader that reads TypeScript would cost time where time is measured. */
async function buildChild(name: Child): Promise<string> {
  const outfile = `${root}dist/bench/${name}.mjs`;
  await build({ ...ONE_MODULE, entryPoints: [`bench/children/${name}.ts`], outfile });
  return outfile;
}

/** Where a function was built. */
export function bundleOf(name: (typeof FUNCTIONS)[number]): string {
  return `${root}dist/functions/${name}/index.mjs`;
}

/** Node for what is measured: another one than this process's when `BENCH_NODE` names it. */
export const BENCH_NODE = process.env['BENCH_NODE'] ?? process.execPath;

const LONGEST_MS = 120_000;

/** Runs a child in a process of its own. @returns what it printed, as JSON. */
export async function runChild(
  name: Child,
  job: object,
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<unknown> {
  const file = built.get(name) ?? buildChild(name);
  built.set(name, file);
  const { stdout } = await promisify(execFile)(BENCH_NODE, [...flags, await file, JSON.stringify(job)], {
    env: { PATH: process.env['PATH'], BENCH_BUNDLE: bundleOf('kinesis-loader'), ...env },
    timeout: LONGEST_MS,
    maxBuffer: 64 * 1024 ** 2,
  });
  return JSON.parse(stdout);
}
