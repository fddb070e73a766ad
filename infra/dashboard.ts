import { Stack } from 'aws-cdk-lib';
import { type Alarm, AlarmStatusWidget, Dashboard, GraphWidget, type IMetric, type IWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { DeployedLoader } from './deployed-loader.ts';
import { arrivalMetrics, chunks, hoursLeft, metricTables, PERIOD, settledAge, type TableMetric, tableMetric } from './loader-metrics.ts';

const WIDTH = 24;
const COLUMN = 8;
/** CloudWatch takes so many alarms in one widget. */
const ALARMS_IN_A_WIDGET = 100;

/** The dashboard of a stack: all alarms, then a section for each loader. All regions of an account share the names of dashboards. */
export function dashboard(scope: Construct, name: string, alarms: readonly Alarm[], loaders: readonly DeployedLoader[]): void {
  new Dashboard(scope, 'Dashboard', {
    dashboardName: `${name}-${Stack.of(scope).region}`,
    widgets: [
      ...chunks(alarms, ALARMS_IN_A_WIDGET).map((some) => [new AlarmStatusWidget({ title: 'Alarms', alarms: some, width: WIDTH })]),
      ...loaders.flatMap(section),
    ],
  });
}

function section(deployed: DeployedLoader): IWidget[][] {
  const { loader, function: fn } = deployed;
  const { records, ageMs } = arrivalMetrics(deployed);
  const perTable = (name: TableMetric, statistic?: string): Metrics =>
    metricTables(loader).map((table) => tableMetric(loader, name, table, statistic));
  return [
    [new TextWidget({ markdown: `## ${loader.name}\nWhat to do: docs/runbook.md`, width: WIDTH, height: 2 })],
    [
      graph('Behind, ms', [settledAge(loader, 'Maximum').with({ label: 'age of what is settled' }), ageMs]),
      graph('Left until records are lost, hours', [hoursLeft(deployed)]),
      graph('Records or messages in', [records]),
    ],
    [
      graph('Rows loaded', perTable('RowsLoaded')),
      graph('Bytes loaded', perTable('BytesLoaded')),
      graph('Duplicates absorbed', perTable('DuplicatesAbsorbed')),
    ],
    [
      graph('Loads', perTable('Loads')),
      graph('Latency of a load, ms, p95', perTable('LoadLatency', 'p95')),
      graph('Attempts beyond the first', perTable('RetriedAttempts')),
    ],
    [
      graph('Dead letters', perTable('RowsDeadLettered')),
      graph('Unsettled, and loads in doubt', [...perTable('Unsettled'), ...perTable('LoadsUnknown')]),
    ],
    [
      graph('Invocations', [
        fn.metricInvocations({ period: PERIOD }),
        fn.metricErrors({ period: PERIOD }),
        fn.metricThrottles({ period: PERIOD }),
      ]),
      graph('Duration, ms, p95', [fn.metricDuration({ statistic: 'p95', period: PERIOD })]),
    ],
  ];
}

type Metrics = readonly IMetric[];

function graph(title: string, left: Metrics): GraphWidget {
  return new GraphWidget({ title, left: [...left], width: COLUMN, height: 6, leftYAxis: { min: 0, showUnits: false } });
}
