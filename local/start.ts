import { readOrExplain } from './arguments.ts';
import { readOptions, USAGE } from './demo/options.ts';
import { InputError, WRONG_INPUT } from './input-error.ts';

/** @returns the exit code for files that cannot be used. */
function refused(error: unknown): number {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return WRONG_INPUT;
}

// The arguments are judged before the heavy part is loaded.
const options = readOrExplain(() => readOptions(process.argv.slice(2)), USAGE);
if (options === undefined) {
  process.exitCode = WRONG_INPUT;
} else if (options.help) {
  process.stdout.write(`${USAGE}\n`);
} else {
  // Node 20 is what this runs on for now: the SDK need not say so in the middle of the progress.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const { runDemo } = await import('./demo/run.ts');
  process.exit(await runDemo(options).catch(refused));
}
