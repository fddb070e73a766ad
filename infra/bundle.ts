import { build } from 'esbuild';

/** The functions that CDK deploys and the local stack runs: one self-contained ES module each (contract "Build output"). */
export const FUNCTIONS = ['kinesis-loader', 'iggy-loader', 'redrive'] as const;

const root = new URL('..', import.meta.url).pathname;

/** Builds every function into `dist/functions/<name>/index.mjs`. */
export async function bundleFunctions(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: FUNCTIONS.map((name) => ({ in: `functions/${name}.ts`, out: `${name}/index` })),
    outdir: 'dist/functions',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    sourcemap: 'linked',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    // CommonJS dependencies inside an ES module still ask for Node's own modules through require.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await bundleFunctions();
  process.stdout.write(`built ${FUNCTIONS.map((name) => `dist/functions/${name}/index.mjs`).join(', ')}\n`);
}
