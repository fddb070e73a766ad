import { ConfigError } from '../lib/errors.ts';
import { addLoaderStack } from './checked-stack.ts';
import { describePlan } from './describe-plan.ts';
import { loaderApp } from './loader-app.ts';
import { reportFaults } from './report-faults.ts';
import { readSettingsFile } from './settings.ts';
import { accountWarnings } from './sharing-guards.ts';

const KEPT =
  '  note: once deployed, the parameters BatchSize, BatchWindow, Memory, LogLevel, Enabled and MaximumConcurrency keep their values; --no-previous-parameters takes those of this file\n';

// What the CDK command line runs: `cdk deploy -c settings=FILE`.
reportFaults(() => {
  const app = loaderApp();
  const file: unknown = app.node.tryGetContext('settings');
  if (typeof file !== 'string')
    throw new ConfigError(['no settings file is named; add -c settings=FILE, for example -c settings=infra/examples/minimal.json']);
  const settings = readSettingsFile(file);
  addLoaderStack(app, settings);
  // Standard output belongs to the template.
  const accounts = accountWarnings(settings, process.env['CDK_DEFAULT_ACCOUNT']).map((warning) => `  warning: ${warning}\n`);
  process.stderr.write([describePlan(settings), ...accounts, KEPT].join(''));
});
