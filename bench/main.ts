import { bundleFunctions } from '../infra/bundle.ts';
import { readOrExplain } from '../local/arguments.ts';
import { ratiosOf, readBaseline, updateBaseline } from './baseline.ts';
import { BENCHES, type BenchName } from './benches.ts';
import { figureText } from './figure.ts';
import { lowest, type Ratios, TOLERANCE, type Worse, worseThan } from './judge.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { BENCH_NODE } from './run-child.ts';
import { openStage, type Stage } from './stage.ts';

const WRONG_ARGUMENTS = 2;
/** Not one of them is within the line when a check fails. */
const RUNS = 3;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @returns the exit code. */
async function bench({ names, verdict }: BenchOptions): Promise<number> {
  await bundleFunctions();
  say(`node ${BENCH_NODE === process.execPath ? process.version : BENCH_NODE}; medians, quartiles of the rounds in brackets`);
  const stage = await openStage();
  const worse: Worse[] = [];
  try {
    for (const name of names) {
      const ratios = await run(stage, name);
      if (verdict === 'update') updateBaseline(name, ratios);
      if (verdict === 'check') worse.push(...(await check(stage, name, ratios)));
    }
  } finally {
    await stage.close();
  }
  for (const { name, before, now } of worse)
    say(`WORSE by more than ${TOLERANCE * 100} %: ${name}: ${before} before, ${now.toPrecision(3)} now`);
  if (verdict === 'check' && worse.length === 0) say(`no ratio is more than ${TOLERANCE * 100} % worse than in bench/baseline.json`);
  return worse.length === 0 ? 0 : 1;
}

async function run(stage: Stage, name: BenchName): Promise<Ratios> {
  say(`\n${name}: npm run bench -- ${name}`);
  const figures = await BENCHES[name](stage);
  for (const figure of figures) say(figureText(figure));
  return ratiosOf(name, figures);
}

/** Runs again what is over the line: a noisy machine spoils one run, rarely all. */
async function check(stage: Stage, name: BenchName, first: Ratios): Promise<readonly Worse[]> {
  const baseline = readBaseline();
  const runs = [first];
  for (;;) {
    const worse = worseThan(baseline, lowest(runs));
    if (worse.length === 0 || runs.length === RUNS) return worse;
    say(`  over the line, so once more: ${worse.map((suspect) => suspect.name).join('; ')}`);
    runs.push(await run(stage, name));
  }
}

// The SDK would warn of Node 20 in the middle of the figures.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
const options = readOrExplain(() => readOptions(process.argv.slice(2)), USAGE);
if (options === undefined) process.exitCode = WRONG_ARGUMENTS;
else if (options.help) say(USAGE);
else process.exit(await bench(options));
