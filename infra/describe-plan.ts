import { type LoaderPlan, planOf, round, tablesOf } from './plan.ts';
import type { Loader, Settings } from './settings.ts';

/** The plan of every loader as text for people. */
export function describePlan({ stack, loaders }: Settings): string {
  return `${[`plan of ${stack}`, ...loaders.flatMap((loader) => describe(loader, planOf(loader)))].join('\n')}\n`;
}

function describe(loader: Loader, plan: LoaderPlan | undefined): string[] {
  const into = `  ${loader.name} into ${tablesOf(loader).join(', ')}`;
  if (plan === undefined)
    return [
      into,
      `    traffic is not given: at least ${round(60 / loader.batch.windowSeconds)} loads a minute per shard and table while records arrive`,
    ];
  return [
    into,
    `    ${round(plan.loadsPerMinutePerTable)} loads a minute per table, ${round(plan.recordsPerLoad)} rows each, from ${plan.shards} shards`,
    `    Doris remembers a label for ${round(plan.labelMinutes)} min (2000 transactions of the database), 12 h at most`,
    `    about ${round(plan.dollarsAMonth)} US dollars a month for Lambda and DynamoDB (us-east-1; check the prices of your region)`,
    ...plan.warnings.map((warning) => `    warning: ${warning}`),
  ];
}
