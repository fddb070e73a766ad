import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { addLoaderStack } from './checked-stack.ts';
import { describePlan } from './describe-plan.ts';
import { loaderApp } from './loader-app.ts';
import { reportFaults } from './report-faults.ts';
import { readSettingsFile } from './settings.ts';

const EXAMPLES = new URL('./examples/', import.meta.url).pathname;

/** Synthesises settings files into `cdk.out/<name>`, without network and AWS account, and prints their plans. */
function synthesise(files: readonly string[]): void {
  for (const file of files) {
    const settings = readSettingsFile(file);
    const outdir = `cdk.out/${basename(file, '.json')}`;
    const app = loaderApp({ outdir });
    addLoaderStack(app, settings);
    app.synth();
    process.stdout.write(`${file}: synthesised into ${outdir}\n${describePlan(settings)}\n`);
  }
}

function examples(): string[] {
  return readdirSync(EXAMPLES)
    .filter((name) => name.endsWith('.json'))
    .map((name) => `${EXAMPLES}${name}`);
}

const named = process.argv.slice(2);
reportFaults(() => synthesise(named.length > 0 ? named : examples()));
