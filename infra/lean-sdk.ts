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

const SIGN_IN = 'export const fromSSO = refuse; export const fromLoginCredentials = refuse;';
const REFUSAL =
  'credentials: a profile that signs in through a browser does not work in a function - give it a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';

/**
 * Leaves out of functions what signs people in through a browser, with the three clients that it takes: a function has a role, whose
 * credentials come in its environment. A profile that asks for it is refused in so many words.
 */
export const withoutSignIn: Plugin = {
  name: 'without-sign-in',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]credential-provider-(sso|login)[\\/]dist-es[\\/]index\.js$/ }, () => ({
      contents: `const refuse = () => () => Promise.reject(new Error(${JSON.stringify(REFUSAL)})); ${SIGN_IN}`,
      loader: 'js',
    }));
  },
};

const EXPORTED = /^export (?:(?:const|function) |\{ \w+ as )(\w+)/gm;
const NO_JSON_SCHEMA = "const refuse = () => { throw new Error('zod: functions are built without JSON Schema'); };";

/** Leaves out of functions how zod makes JSON Schemas, which every schema of it holds on to: infra/ alone makes some. */
export const withoutJsonSchema: Plugin = {
  name: 'without-json-schema',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/ }, async ({ path }) => {
      const names = [...(await readFile(path, 'utf8')).matchAll(EXPORTED)].map(([, name]) => `export const ${name} = () => refuse;`);
      return { contents: [NO_JSON_SCHEMA, ...names].join('\n'), loader: 'js' };
    });
  },
};

function withKeys(source: string): string {
  const values = new Map([...source.matchAll(CONSTANT)].map(([, name = '', value = '']) => [name, value]));
  return source.replace(COMPUTED_KEY, (key, name) => (values.has(name) ? `${values.get(name)}:` : key));
}
