import { weakerPromise } from '../lib/weaker-promise.ts';
import { type LoaderPlan, planOf, tablesOf } from './plan.ts';
import { planWarnings, round } from './plan-warnings.ts';
import type { Loader, Settings } from './settings.ts';

/** The plan of every loader as text for people. */
export function describePlan({ stack, loaders }: Settings): string {
  const described = loaders.flatMap((loader) => [heading(loader), ...describe(loader, planOf(loader)), ...promise(loader)]);
  return `${[`plan of ${stack}`, ...described].join('\n')}\n`;
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

function describe(loader: Loader, plan: LoaderPlan | undefined): string[] {
  if (plan === undefined)
    return [
      `    traffic is not given: ${round(60 / loader.batch.windowSeconds)} loads a minute per shard and table, more when batches are full sooner`,
    ];
  return [
    `    ${round(plan.loadsPerMinutePerTable)} loads a minute per table, ${round(plan.recordsPerLoad)} rows each, from ${plan.shards} shards`,
    `    Doris remembers a label for ${round(plan.labelMinutes)} min when nobody else loads into the database`,
    `    about ${round(plan.dollarsAMonth)} US dollars a month for Lambda and DynamoDB (us-east-1; check the prices of your region)`,
    ...planWarnings(loader, plan).map((warning) => `    warning: ${warning}`),
  ];
}
