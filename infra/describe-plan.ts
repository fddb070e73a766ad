import { weakerPromise } from '../lib/weaker-promise.ts';
import { batchOf } from './batch.ts';
import { type LoaderPlan, planOf, tablesOf } from './plan.ts';
import { planWarnings, round } from './plan-warnings.ts';
import type { Loader, Settings } from './settings.ts';

/** The plan of every loader as text for people. */
export function describePlan({ stack, loaders, alarmTopicArn }: Settings): string {
  const described = loaders.flatMap((loader) => [
    heading(loader),
    ...describe(loader, planOf(loader)),
    ...promise(loader),
    ...ports(loader),
    ...skipping(loader),
  ]);
  const unheard = alarmTopicArn === undefined ? ['  warning: alarms are only shown; alarmTopicArn names a topic that calls somebody'] : [];
  return `${[`plan of ${stack}`, ...described, ...unheard].join('\n')}\n`;
}

function heading(loader: Loader): string {
  return `  ${loader.name} into ${tablesOf(loader)
    .map(({ database, table }) => `${database}.${table}`)
    .join(', ')}`;
}

/** What the loader promises less than others, if anything. */
function promise({ environment: { config } }: Loader): string[] {
  const weaker = weakerPromise(config.doris);
  return weaker === undefined ? [] : [`    warning: ${weaker}`];
}

/** The other port that a frontend is known by. */
function ports({ environment: { config } }: Loader): string[] {
  return config.doris.frontends
    .filter(({ port }) => port === '9030')
    .map(({ host }) => `    warning: ${host} has the port that Doris speaks MySQL on as a rule; loads go to its http_port, 8030 as a rule`);
}

/** What Lambda's guide says of mappings of streams that begin at LATEST. */
function skipping({ source }: Loader): string[] {
  if (source.kind === 'iggy' || source.startingPosition !== 'LATEST') return [];
  return [
    '    warning: with source.startingPosition LATEST Lambda may skip records whenever the mapping is created or changed, by a parameter of the stack too; TRIM_HORIZON skips none',
  ];
}

function describe(loader: Loader, plan: LoaderPlan | undefined): string[] {
  if (plan === undefined) return [`    traffic is not given: ${withoutTraffic(loader)}`];
  return [
    `    ${loads(loader, plan)}`,
    `    Doris remembers a label for ${round(plan.labelMinutes)} min when nobody else loads into the database`,
    `    about ${round(plan.dollarsAMonth)} US dollars a month for Lambda and DynamoDB (us-east-1; check the prices of your region)`,
    ...planWarnings(loader, plan).map((warning) => `    warning: ${warning}`),
  ];
}

function loads({ source }: Loader, plan: LoaderPlan): string {
  const rate = `${round(plan.loadsPerMinutePerTable)} loads a minute per table`;
  const rows = `${round(plan.recordsPerLoad)} rows each`;
  return source.kind === 'iggy' ? `at most ${rate}, ${rows} or more` : `${rate}, ${rows}, from ${plan.shards} shards`;
}

function withoutTraffic(loader: Loader): string {
  const { windowSeconds } = batchOf(loader);
  return loader.source.kind === 'iggy' || windowSeconds === undefined
    ? 'at most a load for each message, partition and table'
    : `${round(60 / windowSeconds)} loads a minute per shard and table, more when batches are full sooner`;
}
