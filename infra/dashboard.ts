import { type Alarm, AlarmStatusWidget, Dashboard, GraphWidget, type IMetric, type IWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { KinesisLoader } from './kinesis-loader.ts';
import { metricTables, PERIOD, settledAge, type TableMetric, tableMetric } from './loader-metrics.ts';
import type { Loader } from './settings.ts';

const WIDTH = 24;
const COLUMN = 8;

/** The dashboard of a stack: all alarms, then a section for each loader. */
export function dashboard(
  scope: Construct,
  name: string,
  alarms: readonly Alarm[],
  loaders: readonly (readonly [Loader, KinesisLoader])[],
): void {
  new Dashboard(scope, 'Dashboard', {
    dashboardName: name,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WIDTH })],
      ...loaders.flatMap(([loader, made]) => section(loader, made)),
    ],
  });
}

function section(loader: Loader, { function: fn, stream }: KinesisLoader): IWidget[][] {
  const perTable = (name: TableMetric, statistic?: string): Metrics =>
    metricTables(loader).map((table) => tableMetric(loader, name, table, statistic));
  const age = fn.metric('IteratorAge', { statistic: 'Maximum', period: PERIOD, label: 'age of what is read' });
  return [
    [new TextWidget({ markdown: `## ${loader.name}\nWhat to do: docs/runbook.md`, width: WIDTH, height: 2 })],
    [
      graph('Behind, ms', [settledAge(loader, 'Maximum').with({ label: 'age of what is settled' }), age]),
      graph('Rows loaded', perTable('RowsLoaded')),
      graph('Records in', [stream.metric('IncomingRecords', { statistic: 'Sum', period: PERIOD })]),
    ],
    [
      graph('Loads', perTable('Loads')),
      graph('Latency of a load, ms, p95', perTable('LoadLatency', 'p95')),
      graph('Attempts beyond the first', perTable('RetriedAttempts')),
    ],
    [
      graph('Dead letters', perTable('RowsDeadLettered')),
      graph('Unsettled, and loads in doubt', [...perTable('Unsettled'), ...perTable('LoadsUnknown')]),
      graph('Duplicates absorbed', perTable('DuplicatesAbsorbed')),
    ],
    [
      graph('Invocations', [
        fn.metricInvocations({ period: PERIOD }),
        fn.metricErrors({ period: PERIOD }),
        fn.metricThrottles({ period: PERIOD }),
      ]),
      graph('Duration, ms, p95', [fn.metricDuration({ statistic: 'p95', period: PERIOD })]),
      graph('Bytes loaded', perTable('BytesLoaded')),
    ],
  ];
}

type Metrics = readonly IMetric[];

function graph(title: string, left: Metrics): GraphWidget {
  return new GraphWidget({ title, left: [...left], width: COLUMN, height: 6, leftYAxis: { min: 0, showUnits: false } });
}
