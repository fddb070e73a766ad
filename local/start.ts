import { type DemoOptions, readOptions, USAGE } from './demo/options.ts';
import { InputError, WRONG_INPUT } from './input-error.ts';

/** The arguments are judged before the heavy part is loaded. @returns undefined when they are wrong, which was said. */
function optionsOf(argv: readonly string[]): DemoOptions | undefined {
  try {
    return readOptions(argv);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    return undefined;
  }
}

/** @returns the exit code for files that cannot be used. */
function refused(error: unknown): number {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return WRONG_INPUT;
}

const options = optionsOf(process.argv.slice(2));
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
