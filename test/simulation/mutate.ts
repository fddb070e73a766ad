import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Edit, Mutation } from './mutations.ts';
import type { simulate } from './simulate.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** Below node_modules, so that bundles find the packages and nobody else finds the bundles. */
const BUNDLES = join(ROOT, 'node_modules/.cache/simulation');

/** The simulation with one mistake in the code that it simulates. @throws {Error} when the code is not what the mutation was written for. */
export async function mutated(mutation: Mutation, name: string): Promise<typeof simulate> {
  await mkdir(BUNDLES, { recursive: true });
  const outfile = join(BUNDLES, `${name}.mjs`);
  await build({
    entryPoints: [join(ROOT, 'test/simulation/simulate.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    plugins: [patching(mutation)],
  });
  const bundle: { simulate: typeof simulate } = await import(pathToFileURL(outfile).href);
  return bundle.simulate;
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
