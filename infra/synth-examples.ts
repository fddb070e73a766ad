import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { App } from 'aws-cdk-lib';
import { ConfigError } from '../lib/errors.ts';
import { addLoaderStack } from './checked-stack.ts';
import { describePlan } from './describe-plan.ts';
import { readSettingsFile } from './settings.ts';

const EXAMPLES = new URL('./examples/', import.meta.url).pathname;

/** Synthesises settings files, all examples by default, into `cdk.out/<name>`, without network and AWS account, and prints their plans. */
function synthesise(files: readonly string[]): void {
  for (const file of files) {
    const settings = readSettingsFile(file);
    const outdir = `cdk.out/${basename(file, '.json')}`;
    const app = new App({ outdir, analyticsReporting: false });
    addLoaderStack(app, settings);
    app.synth();
    process.stdout.write(`${file}: synthesised into ${outdir}\n${describePlan(settings)}\n`);
  }
}

try {
  const named = process.argv.slice(2);
  synthesise(
    named.length > 0
      ? named
      : readdirSync(EXAMPLES)
          .filter((name) => name.endsWith('.json'))
          .map((name) => `${EXAMPLES}${name}`),
  );
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.faults.map((fault) => `error: ${fault}`).join('\n')}\n`);
  process.exitCode = 1;
}
