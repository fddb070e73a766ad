import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Simulate } from './life.ts';
import type { Edit, Mutation } from './mutations.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** Below node_modules, so that bundles find the packages and nobody else finds the bundles. */
const BUNDLES = join(ROOT, 'node_modules/.cache/simulation');

/** A simulation: the file that holds it, and what it is exported as. */
export interface Entry {
  readonly file: string;
  readonly name: string;
}

export const OF_STREAMS: Entry = { file: 'test/simulation/simulate.ts', name: 'simulate' };
export const OF_QUEUES: Entry = { file: 'test/simulation/sqs/simulate.ts', name: 'simulateQueue' };

/** A simulation with one mistake in the code that it simulates. @throws {Error} when the code is not what the mutation was written for. */
export async function mutated(mutation: Mutation, name: string, entry: Entry): Promise<Simulate> {
  await mkdir(BUNDLES, { recursive: true });
  const outfile = join(BUNDLES, `${name}.mjs`);
  await build({
    entryPoints: [join(ROOT, entry.file)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    plugins: [patching(mutation)],
  });
  const bundle: Readonly<Record<string, Simulate>> = await import(pathToFileURL(outfile).href);
  const simulate = bundle[entry.name];
  if (simulate === undefined) throw new Error(`${entry.file} exports no ${entry.name}`);
  return simulate;
}

function patching({ mistake, edits }: Mutation): Plugin {
  return {
    name: 'mistake',
    setup: ({ onLoad, onEnd }) => {
      const applied = new Set<Edit>();
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const wanted = edits.filter(({ file }) => file === relative(ROOT, path));
        if (wanted.length === 0) return undefined;
        const source = await readFile(path, 'utf8');
        for (const edit of wanted) applied.add(edit);
        return { contents: wanted.reduce((text, edit) => edited(text, edit, mistake), source), loader: 'ts' };
      });
      onEnd(() => {
        if (applied.size < edits.length) throw new Error(`${mistake}: one of its files is no part of the simulation`);
      });
    },
  };
}

function edited(source: string, { file, right, wrong }: Edit, mistake: string): string {
  const [before, after, ...more] = source.split(right);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${mistake}: ${file} does not hold exactly once: ${right}`);
  }
  return `${before}${wrong}${after}`;
}
