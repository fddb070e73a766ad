import { type LoaderPlan, PRICES, planOf, tablesOf } from '../../infra/plan.ts';
import { planWarnings, round } from '../../infra/plan-warnings.ts';
import { checkSettings, type Loader, readSettingsFile, type Settings } from '../../infra/settings.ts';
import { wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { positiveNumber, wholeNumber } from '../option-values.ts';
import type { Paint } from '../output.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { tableText } from '../table.ts';

/** `plan` */
export const registerPlan: Register = (command, act) => {
  command
    .option('--settings <file>', 'settings file of the stack (docs/deploy.md), for every loader in it that names its traffic')
    .option('--rate <records a second>', 'of the whole source, on a busy day', positiveNumber)
    .option('--record-bytes <bytes>', 'of a typical record', positiveNumber)
    .option('--shards <count>', 'shards that carry them (default: 1)', wholeNumber(1, 10_000))
    .option('--window <seconds>', 'how long a batch may fill (default: 5)', wholeNumber(1, 300))
    .option('--batch-size <records>', 'largest batch (default: 10000)', wholeNumber(1, 10_000))
    .option('--memory <MB>', 'of the function (default: 1024)', wholeNumber(256, 10_240))
    .addHelpText(
      'after',
      examples('plan --shards 8 --rate 4000 --record-bytes 600 --window 30', 'plan --settings infra/examples/production.json --json'),
    )
    .action(act(plan));
};

interface Options {
  readonly settings?: string;
  readonly rate?: number;
  readonly recordBytes?: number;
  readonly shards?: number;
  readonly window?: number;
  readonly batchSize?: number;
  readonly memory?: number;
}

interface Planned {
  readonly loader: Loader;
  readonly plan: LoaderPlan;
}

async function plan({ output }: Session, options: Options): Promise<ExitCode> {
  const { loaders } = options.settings === undefined ? imagined(options) : readSettingsFile(options.settings);
  const planned = loaders.flatMap((loader): readonly Planned[] => {
    const found = planOf(loader);
    return found === undefined ? [] : [{ loader, plan: found }];
  });
  if (planned.length === 0)
    throw wrongInput(`${options.settings}: no loader names its traffic; add "traffic": {"recordsPerSecond", "recordBytes", "shards"}`);
  output.result({ prices: PRICES, loaders: planned.map(described) }, (paint) => planned.map((one) => textOf(one, paint)).join('\n\n'));
  return planned.some(({ loader, plan: found }) => planWarnings(loader, found).length > 0) ? EXIT.amiss : EXIT.done;
}

/** A loader of which nothing is known but its traffic; whatever does not decide the plan is made up. */
function imagined({ rate, recordBytes, shards = 1, window, batchSize, memory }: Options): Settings {
  if (rate === undefined || recordBytes === undefined) throw wrongInput('say --rate and --record-bytes, or name a --settings file');
  return checkSettings({
    stack: 'Plan',
    loaders: [
      {
        name: 'loader',
        source: { kind: 'kinesis', streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/planned' },
        doris: { feUrls: 'https://doris.invalid:8030', secretId: 'planned', database: 'planned', table: 'planned' },
        limits: { databaseTransactionsPerSecond: 100_000 },
        batch: { ...(window === undefined ? {} : { windowSeconds: window }), ...(batchSize === undefined ? {} : { size: batchSize }) },
        function: memory === undefined ? {} : { memoryMb: memory },
        traffic: { recordsPerSecond: rate, recordBytes, shards },
      },
    ],
  });
}

function described({ loader, plan: found }: Planned) {
  const { databases, ...figures } = found;
  const warnings = planWarnings(loader, found);
  return { name: loader.name, tables: tablesOf(loader), ...figures, loadsPerSecond: Object.fromEntries(databases), warnings };
}

const MILLION = 1_000_000;

function textOf({ loader, plan: found }: Planned, paint: Paint): string {
  const { month, traffic, shards, fullBy } = found;
  const figures: readonly (readonly [string, number, number?])[] = [
    ['loads a minute and table, each a version of its tablets', found.loadsPerMinutePerTable],
    [`rows a load (a batch is full by its ${fullBy})`, found.recordsPerLoad],
    ['minutes that Doris remembers a label', found.labelMinutes],
    ['Lambda invocations a month', month.invocations, PRICES.request * MILLION],
    ['Lambda GB-seconds a month', month.gigabyteSeconds, PRICES.gigabyteSecond * MILLION],
    ['DynamoDB write units a month', month.writeUnits, PRICES.writeUnit * MILLION],
    ['USD a month: Lambda (arm64) and DynamoDB on demand, us-east-1', found.dollarsAMonth],
  ];
  return [
    paint('bold', `${loader.name}: ${shards} shards, ${round(traffic.recordsPerSecond)} records/s of ${round(traffic.recordBytes)} bytes`),
    tableText(
      ['', 'estimate', 'USD a million'],
      figures.map(([name, value, price]) => [name, Number(round(value)), price]),
    ),
    ...planWarnings(loader, found).map((text) => paint('yellow', `! ${text}`)),
  ].join('\n');
}
