#!/usr/bin/env node
// Node 20 does not run TypeScript by itself.
import { register } from 'tsx/esm/api';

// Node 20 is one of the supported versions: the SDK need not say so in the middle of a table.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
register();
// Whoever reads the output has read enough (`| head`).
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 3));
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
