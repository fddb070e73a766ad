import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { leanSdk, withoutJsonSchema, withoutSignIn } from './lean-sdk.ts';

/** The functions that CDK deploys and the local stack runs: one self-contained ES module each (contract "Build output"). */
export const FUNCTIONS = ['kinesis-loader', 'iggy-loader', 'redrive', 'doctor'] as const;

const root = new URL('..', import.meta.url).pathname;

/** How TypeScript becomes one ES module that Node runs without anything beside it. */
export const ONE_MODULE = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  // CommonJS dependencies inside an ES module still ask for Node's own modules through require.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  logLevel: 'warning',
} as const satisfies BuildOptions;

const SHARED = { ...ONE_MODULE, outExtension: { '.js': '.mjs' }, minify: true, plugins: [leanSdk] } as const satisfies BuildOptions;

/** Builds every function into `dist/functions/<name>/index.mjs`. */
export async function bundleFunctions(): Promise<void> {
  await build({
    ...SHARED,
    plugins: [...SHARED.plugins, withoutSignIn, withoutJsonSchema],
    entryPoints: FUNCTIONS.map((name) => ({ in: `functions/${name}.ts`, out: `${name}/index` })),
    outdir: 'dist/functions',
    sourcemap: 'linked',
  });
}

/** Builds the command line into `dist/cli/main.mjs`, and each command with what only it needs into a file beside it. */
export async function bundleCli(): Promise<void> {
  const outdir = 'dist/cli';
  const { metafile } = await build({ ...SHARED, entryPoints: ['cli/main.ts'], outdir, splitting: true, metafile: true, keepNames: true });
  for (const name of readdirSync(join(root, outdir))) if (!(`${outdir}/${name}` in metafile.outputs)) rmSync(join(root, outdir, name));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await Promise.all([bundleFunctions(), bundleCli()]);
  process.stdout.write(`built ${FUNCTIONS.map((name) => `dist/functions/${name}/index.mjs`).join(', ')}, dist/cli/main.mjs\n`);
}
