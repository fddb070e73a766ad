#!/usr/bin/env node
import { existsSync, readdirSync, statSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const built = new URL('dist/cli/main.mjs', root);

/** Whether `npm run build` ran after the last change of what is built. */
function isCurrent() {
  if (!existsSync(built)) return false;
  const { mtimeMs } = statSync(built);
  const sources = ['cli/', 'lib/', 'infra/'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [`${entry.parentPath ?? entry.path}/${entry.name}`] : [],
    ),
  );
  return [...sources, new URL('package-lock.json', root)].every((file) => statSync(file).mtimeMs <= mtimeMs);
}

// Node 20 is one of the supported versions: the SDK need not say so in the middle of a table.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
// Whoever reads the output has read enough (`| head`).
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 3));
process.exitCode = await (await load()).main(process.argv.slice(2));

async function load() {
  if (isCurrent()) return await import(built.href);
  // Node 20 does not run TypeScript by itself.
  const { register } = await import('tsx/esm/api');
  register();
  return await import('./main.ts');
}
