import { ComparisonOperator, type IMetric, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRule } from './alarm.ts';
import { deadLetterAlarms } from './dead-letter-alarms.ts';
import type { DeployedLoader } from './deployed-loader.ts';
import { arrivalMetrics, countedTogether, expression, HOUR_MS, largest, PERIOD, rowsPerLoad, settledAge } from './loader-metrics.ts';
import type { Loader } from './settings.ts';
import { retentionHoursOf } from './source-settings.ts';

const MINUTE_MS = 60_000;
/** As many loads in five minutes as a table takes calmly: one a second. */
const CALM_LOADS = 300;

const { GREATER_THAN_THRESHOLD: above, GREATER_THAN_OR_EQUAL_TO_THRESHOLD: from, LESS_THAN_THRESHOLD: below } = ComparisonOperator;

/** The alarms of a loader. */
export function loaderAlarms(deployed: DeployedLoader): AlarmRule[] {
  const { loader } = deployed;
  return [
    ...progressAlarms(deployed),
    ...arrivalAlarms(deployed),
    ...doubtAlarms(loader),
    ...dorisAlarms(loader),
    ...functionAlarms(deployed),
    ...deadLetterAlarms(deployed),
  ];
}

function progressAlarms(deployed: DeployedLoader): AlarmRule[] {
  const { loader } = deployed;
  const { alarms, source } = loader;
  const { records, ageMs } = arrivalMetrics(deployed);
  return [
    {
      runbook: 'behind',
      firstStep: `Records reach Doris more than ${alarms.behindMinutes} minutes late. Look at the reasons of "unsettled" in the function's log.`,
      metrics: [expression('MAX([FILL(m0, 0), FILL(m1, 0)])', [ageMs, settledAge(loader, 'Maximum')], 'behind')],
      comparison: above,
      threshold: alarms.behindMinutes * MINUTE_MS,
      points: 2,
    },
    {
      runbook: 'retention',
      firstStep: `In ${alarms.leastHoursLeft} hours the source forgets records that are not loaded. Raise a stream's retention first, then look for the cause.`,
      metrics: [ageMs],
      comparison: above,
      threshold: (retentionHoursOf(source) - alarms.leastHoursLeft) * HOUR_MS,
      points: 1,
    },
    {
      runbook: 'no-progress',
      firstStep: 'Records arrive and none is settled. Look whether the function is invoked, then at the reasons of "unsettled" in its log.',
      metrics: [expression('IF(FILL(m0, 0) > 0 AND FILL(m1, 0) == 0, 1, 0)', [records, settledAge(loader, 'SampleCount')], 'no progress')],
      comparison: from,
      threshold: 1,
      points: 3,
    },
  ];
}

/** What arrives at a source and does not get through. */
function arrivalAlarms({ arrivals, function: fn }: DeployedLoader): AlarmRule[] {
  const once = { comparison: from, threshold: 1, points: 1 };
  if (arrivals.kind === 'iggy')
    return [
      {
        ...once,
        runbook: 'refused',
        firstStep: 'The endpoint refuses requests, and http_sink drops what is refused. Look at the status codes of the endpoint.',
        metrics: [arrivals.api.metricClientError({ period: PERIOD }), arrivals.api.metricServerError({ period: PERIOD })],
      },
    ];
  return [
    {
      ...once,
      runbook: 'given-up',
      firstStep: 'The stream forgot records before they were loaded. Read the reports of the batches that Lambda gave up.',
      metrics: ['OnFailureDestinationDeliveredEventCount', 'DroppedEventCount'].map((name) => mappingMetric(name, arrivals.mappingId)),
    },
    {
      ...once,
      runbook: 'report-failed',
      firstStep:
        'Lambda could not report a batch that it gave up. Look at the bucket or queue of the reports and the permissions of the function.',
      metrics: [fn.metric('DestinationDeliveryFailures', { statistic: 'Sum', period: PERIOD })],
    },
  ];
}

function mappingMetric(metricName: string, mappingId: string): IMetric {
  const dimensionsMap = { EventSourceMappingUUID: mappingId };
  return new Metric({ namespace: 'AWS/Lambda', metricName, dimensionsMap, statistic: 'Sum', period: PERIOD });
}

function doubtAlarms(loader: Loader): AlarmRule[] {
  const { inDoubtMinutes } = loader.alarms;
  return [
    {
      runbook: 'in-doubt',
      firstStep: `For more than ${inDoubtMinutes} minutes it is unknown whether Doris stored a load. Ask Doris for the label that the log line "claim-in-doubt" names.`,
      metrics: largest(loader, 'ClaimInDoubtAge'),
      comparison: above,
      threshold: inDoubtMinutes * MINUTE_MS,
      points: 1,
    },
    {
      runbook: 'unverifiable',
      firstStep: 'Nobody can tell any more whether Doris stored a load. Look for the log lines "claim-resolved" and "claim-waits".',
      metrics: countedTogether(loader, ['LoadsUnverifiable', 'ClaimsReloaded', 'ClaimsDeadLettered', 'ClaimsWaiting']),
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

function functionAlarms({ function: fn }: DeployedLoader): AlarmRule[] {
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
      firstStep: 'Invocations are throttled. Compare the concurrency that the account or the function has with what the source needs.',
      metrics: [fn.metricThrottles({ period: PERIOD })],
      comparison: from,
      threshold: 1,
      points: 3,
    },
  ];
}
