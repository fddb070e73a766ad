import { ComparisonOperator, type IMetric, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRule } from './alarm.ts';
import type { KinesisLoader } from './kinesis-loader.ts';
import { countedTogether, expression, PERIOD, rowsPerLoad, settledAge } from './loader-metrics.ts';
import type { Loader } from './settings.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** As many loads in five minutes as a table takes calmly: one a second. */
const CALM_LOADS = 300;

const { GREATER_THAN_THRESHOLD: above, GREATER_THAN_OR_EQUAL_TO_THRESHOLD: from, LESS_THAN_THRESHOLD: below } = ComparisonOperator;

/** The alarms of a loader of a Kinesis stream. */
export function loaderAlarms(loader: Loader, made: KinesisLoader): AlarmRule[] {
  return [...progressAlarms(loader, made), ...doubtAlarms(loader), ...dorisAlarms(loader), ...functionAlarms(made)];
}

function progressAlarms(loader: Loader, { function: fn, stream, mappingId }: KinesisLoader): AlarmRule[] {
  const { alarms, source } = loader;
  const age = fn.metric('IteratorAge', { statistic: 'Maximum', period: PERIOD });
  return [
    {
      runbook: 'behind',
      firstStep: `Records reach Doris more than ${alarms.behindMinutes} minutes late. Look at the reasons of "unsettled" in the function's log.`,
      metrics: [expression('MAX([FILL(m0, 0), FILL(m1, 0)])', [age, settledAge(loader, 'Maximum')], 'behind')],
      comparison: above,
      threshold: alarms.behindMinutes * MINUTE_MS,
      points: 2,
    },
    {
      runbook: 'retention',
      firstStep: `In ${alarms.leastHoursLeft} hours the stream forgets records that are not loaded. Raise its retention first, then look for the cause.`,
      metrics: [age],
      comparison: above,
      threshold: (source.retentionHours - alarms.leastHoursLeft) * HOUR_MS,
      points: 1,
    },
    {
      runbook: 'no-progress',
      firstStep: 'Records arrive and none is settled. Look whether the function is invoked, then at the reasons of "unsettled" in its log.',
      metrics: [
        expression(
          'IF(FILL(m0, 0) > 0 AND FILL(m1, 0) == 0, 1, 0)',
          [stream.metric('IncomingRecords', { statistic: 'Sum', period: PERIOD }), settledAge(loader, 'SampleCount')],
          'no progress',
        ),
      ],
      comparison: from,
      threshold: 1,
      points: 3,
    },
    {
      runbook: 'given-up',
      firstStep: 'The stream forgot records before they were loaded. Read the reports of the batches that Lambda gave up.',
      metrics: ['OnFailureDestinationDeliveredEventCount', 'DroppedEventCount'].map((name) => mappingMetric(name, mappingId)),
      comparison: from,
      threshold: 1,
      points: 1,
    },
  ];
}

function mappingMetric(metricName: string, mappingId: string): IMetric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { EventSourceMappingUUID: mappingId },
    statistic: 'Sum',
    period: PERIOD,
  });
}

function doubtAlarms(loader: Loader): AlarmRule[] {
  return [
    {
      runbook: 'in-doubt',
      firstStep: 'For half an hour Doris has not told what became of loads. Ask Doris for the label that the log line "load" names.',
      metrics: countedTogether(loader, ['LoadsUnknown', 'LoadsRunning']),
      comparison: from,
      threshold: 1,
      points: 6,
    },
    {
      runbook: 'unverifiable',
      firstStep:
        'Nobody can tell any more whether Doris stored a load. Look for the log lines "claim-resolved" and "unsettled" with "unverifiable".',
      metrics: countedTogether(loader, ['LoadsUnverifiable', 'ClaimsReloaded', 'ClaimsDeadLettered']),
      comparison: from,
      threshold: 1,
      points: 1,
    },
    {
      runbook: 'claim-lost',
      firstStep: 'Rows may be stored twice, or be missing. Compare the table with the stream between "first" and "last" of the log line.',
      metrics: countedTogether(loader, ['ClaimsLost', 'ClaimsAbandoned']),
      comparison: from,
      threshold: 1,
      points: 1,
    },
  ];
}

function dorisAlarms(loader: Loader): AlarmRule[] {
  const { leastRowsPerLoad } = loader.alarms;
  return [
    {
      runbook: 'fuse-blown',
      firstStep: 'So many rows are refused that it is a schema mistake; the shard waits. Read the reason in the log line "fuse-blown".',
      metrics: countedTogether(loader, ['FuseBlown']),
      comparison: from,
      threshold: 1,
      points: 1,
    },
    {
      runbook: 'breaker-open',
      firstStep: 'A table has taken no loads for ten minutes. Look at Doris by the "cause" of the log line "breaker-opened".',
      metrics: countedTogether(loader, ['BreakerOpened', 'BreakerProbes']),
      comparison: from,
      threshold: 1,
      points: 2,
    },
    {
      runbook: 'small-loads',
      firstStep: `More than a load a second, of less than ${leastRowsPerLoad} rows. Raise the parameter BatchWindow of this loader.`,
      metrics: rowsPerLoad(loader, CALM_LOADS, leastRowsPerLoad),
      comparison: below,
      threshold: leastRowsPerLoad,
      points: 6,
    },
  ];
}

function functionAlarms({ function: fn }: KinesisLoader): AlarmRule[] {
  return [
    {
      runbook: 'errors',
      firstStep: 'Invocations fail, which acknowledges nothing. Read the error in the log of the function.',
      metrics: [fn.metricErrors({ period: PERIOD })],
      comparison: from,
      threshold: 1,
      points: 2,
    },
    {
      runbook: 'throttles',
      firstStep: 'Invocations are throttled. Compare the concurrency that the account or the function has with the shards of the stream.',
      metrics: [fn.metricThrottles({ period: PERIOD })],
      comparison: from,
      threshold: 1,
      points: 3,
    },
    {
      runbook: 'report-failed',
      firstStep:
        'Lambda could not report a batch that it gave up. Look at the bucket or queue of the reports and the permissions of the function.',
      metrics: [fn.metric('DestinationDeliveryFailures', { statistic: 'Sum', period: PERIOD })],
      comparison: from,
      threshold: 1,
      points: 1,
    },
  ];
}
