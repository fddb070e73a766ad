import { createWriteStream } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFunctions } from '../../infra/bundle.ts';
import { readOrExplain } from '../arguments.ts';
import { WRONG_INPUT } from '../input-error.ts';
import { type ChaosOptions, readChaosOptions, USAGE } from './options.ts';
import { chaosText, isPassed } from './print.ts';
import { runChaos } from './run.ts';

const LOG = fileURLToPath(new URL('../../dist/chaos.log', import.meta.url));

const options = readOrExplain(() => readChaosOptions(process.argv.slice(2)), USAGE);
if (options === undefined) process.exitCode = WRONG_INPUT;
else if (options.help) process.stdout.write(`${USAGE}\n`);
else process.exit(await run(options));

async function run(chosen: ChaosOptions): Promise<number> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  await bundleFunctions();
  const log = createWriteStream(LOG);
  const result = await runChaos(chosen, {
    line: (text) => log.write(`${text}\n`),
    phase: (text) => process.stdout.write(`${text}\n`),
  });
  await new Promise<void>((resolve) => log.end(resolve));
  process.stdout.write(`\n${chaosText(result)}\n\nthe function's log: ${relative(process.cwd(), LOG)}\n`);
  return Number(!isPassed(result));
}
