import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

const CONSTANT = /^const (_\w+) = ("[^"\\]*");$/gm;
const COMPUTED_KEY = /(?<=[{,] )\[(_\w+)\]:/g;

/**
 * Leaves out of the AWS SDK what a bundler keeps although nobody asks for it. Where a release of the SDK is written otherwise, this finds
 * nothing, and bundles are larger.
 * - Schemas of operations have constants for keys: `{ [_hH]: _xa }`. Evaluating such a key might do anything as far as a bundler can tell, so
 *   it keeps the schemas of every operation of a service. With the keys spelt out it keeps those that are used: of S3, 1 of 100.
 * - Each client holds its `package.json` for the version in it.
 */
export const leanSdk: Plugin = {
  name: 'lean-sdk',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]schemas_\d+\.js$/ }, async ({ path }) => ({ contents: withKeys(await readFile(path, 'utf8')), loader: 'js' }));
    onLoad({ filter: /[\\/]@aws-sdk[\\/][^\\/]+[\\/]package\.json$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
  },
};

function withKeys(source: string): string {
  const values = new Map([...source.matchAll(CONSTANT)].map(([, name = '', value = '']) => [name, value]));
  return source.replace(COMPUTED_KEY, (key, name) => (values.has(name) ? `${values.get(name)}:` : key));
}
