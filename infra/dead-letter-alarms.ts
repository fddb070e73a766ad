import { ComparisonOperator } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRule } from './alarm.ts';
import type { DeployedLoader } from './deployed-loader.ts';
import { PERIOD } from './loader-metrics.ts';

/** SQS forgets a letter after 14 days; four of them are left when this is over. */
const OLDEST_LETTER_SECONDS = 10 * 24 * 3600;

/** The alarms of a loader's dead letters, and of what loads them again. */
export function deadLetterAlarms({ letters, redrive, arrivals }: DeployedLoader): AlarmRule[] {
  const expired = arrivals.kind === 'kinesis' && arrivals.expired.kind === 'queue' ? [arrivals.expired.queue] : [];
  return [
    {
      runbook: 'dead-letters',
      firstStep: 'Records can never load as they are. Read "reason" and "errorClass" of the messages in the dead-letter queue.',
      metrics: [letters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: PERIOD })],
      comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      points: 1,
    },
    {
      runbook: 'dead-letters-expire',
      firstStep:
        'In four days SQS forgets the oldest dead letter, or report of a batch that Lambda gave up. Redrive it, or save it elsewhere.',
      metrics: [letters, ...expired].map((queue) => queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD })),
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: OLDEST_LETTER_SECONDS,
      points: 1,
    },
    {
      runbook: 'redrive-failed',
      firstStep: 'A redrive failed; its letters are in the queue still. Read the error in the log of the redrive function.',
      metrics: [redrive.metricErrors({ period: PERIOD })],
      comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      points: 1,
    },
  ];
}
