import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { DeployedLoader } from './deployed-loader.ts';
import { tablesOf } from './plan.ts';
import type { Loader } from './settings.ts';
import { retentionHoursOf } from './source-settings.ts';

/** One point of an alarm or a graph. */
export const PERIOD = Duration.minutes(5);

/** An hour, as metrics of age count. */
export const HOUR_MS = 3_600_000;

/** CloudWatch takes expressions over ten metrics in an alarm. */
const METRICS_IN_AN_ALARM = 10;

/** What the function itself measures (`lib/powertools-telemetry.ts`), by table. */
export type TableMetric =
  | 'BreakerOpened'
  | 'BreakerProbes'
  | 'BytesLoaded'
  | 'ClaimInDoubtAge'
  | 'ClaimsAbandoned'
  | 'ClaimsDeadLettered'
  | 'ClaimsLost'
  | 'ClaimsReloaded'
  | 'ClaimsWaiting'
  | 'DuplicatesAbsorbed'
  | 'FuseBlown'
  | 'LoadLatency'
  | 'Loads'
  | 'LoadsRunning'
  | 'LoadsUnknown'
  | 'LoadsUnverifiable'
  | 'RetriedAttempts'
  | 'RowsDeadLettered'
  | 'RowsLoaded'
  | 'Unsettled';

/** A metric of one table of a loader, summed up unless another statistic is named. */
export function tableMetric({ environment }: Loader, metricName: TableMetric, table: string, statistic = 'Sum'): Metric {
  return ownMetric(environment.variables.METRICS_NAMESPACE, metricName, table, statistic);
}

/** Age of what a loader settled last, over all of its tables; there is a point only when something was settled. */
export function settledAge({ environment }: Loader, statistic: 'Maximum' | 'SampleCount'): Metric {
  return ownMetric(environment.variables.METRICS_NAMESPACE, 'Behind', 'all', statistic);
}

function ownMetric(namespace = '', metricName: string, table: string, statistic: string): Metric {
  return new Metric({ namespace, metricName, dimensionsMap: { service: 'doris-lambda-loader', table }, statistic, period: PERIOD });
}

/** What arrives at a loader's source, and the age in milliseconds of the oldest that is read or waits there. */
export function arrivalMetrics({ arrivals, function: fn }: DeployedLoader): { readonly records: IMetric; readonly ageMs: IMetric } {
  if (arrivals.kind === 'kinesis')
    return {
      records: arrivals.stream.metric('IncomingRecords', { statistic: 'Sum', period: PERIOD }),
      ageMs: fn.metric('IteratorAge', { statistic: 'Maximum', period: PERIOD }),
    };
  const { queue } = arrivals;
  const seconds = queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD });
  return {
    records: queue.metricNumberOfMessagesSent({ statistic: 'Sum', period: PERIOD }),
    ageMs: new MathExpression({ expression: 'seconds * 1000', usingMetrics: { seconds }, label: 'oldest message, ms', period: PERIOD }),
  };
}

/** Hours until the source forgets the oldest record that is read or waits there; no point while nothing tells how old that is. */
export function hoursLeft(deployed: DeployedLoader): MathExpression {
  const { ageMs } = arrivalMetrics(deployed);
  return expression(`${retentionHoursOf(deployed.loader.source)} - m0 / ${HOUR_MS}`, [ageMs], 'hours left');
}

/** Every table of a loader, as its metrics name them. */
export function metricTables(loader: Loader): string[] {
  return tablesOf(loader).map(({ database, table }) => `${database}.${table}`);
}

/** How often the given things happened in all tables of a loader: one expression, or more of them where one may not hold them all. */
export function countedTogether(loader: Loader, names: readonly TableMetric[]): MathExpression[] {
  const metrics = metricTables(loader).flatMap((table) => names.map((name) => tableMetric(loader, name, table)));
  return chunks(metrics, METRICS_IN_AN_ALARM).map((chunk) =>
    expression(chunk.map((_, n) => `FILL(m${n}, 0)`).join(' + '), chunk, names.join(' + ')),
  );
}

/** The largest value of a metric over all tables of a loader: one expression, or more of them where one may not hold them all. */
export function largest(loader: Loader, name: TableMetric): MathExpression[] {
  const metrics = metricTables(loader).map((table) => tableMetric(loader, name, table, 'Maximum'));
  return chunks(metrics, METRICS_IN_AN_ALARM).map((chunk) =>
    expression(`MAX([${chunk.map((_, n) => `FILL(m${n}, 0)`).join(', ')}])`, chunk, name),
  );
}

/** Rows of a load on average over the tables of a loader, or the given calm value while loads are rare. */
export function rowsPerLoad(loader: Loader, calmLoads: number, calmValue: number): MathExpression[] {
  return chunks(metricTables(loader), METRICS_IN_AN_ALARM / 2).map((tables) => {
    const metrics = tables.flatMap((table) => [tableMetric(loader, 'RowsLoaded', table), tableMetric(loader, 'Loads', table)]);
    const sum = (first: number): string => tables.map((_, n) => `FILL(m${2 * n + first}, 0)`).join(' + ');
    return expression(`IF(${sum(1)} > ${calmLoads * tables.length}, (${sum(0)}) / (${sum(1)}), ${calmValue})`, metrics, 'rows of a load');
  });
}

/** An expression over metrics that it knows as m0, m1, ... */
export function expression(text: string, metrics: readonly IMetric[], label: string): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, n) => [`m${n}`, metric]));
  return new MathExpression({ expression: text, usingMetrics, label, period: PERIOD });
}

/** A list in parts of a given length; the last one may be shorter. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}
