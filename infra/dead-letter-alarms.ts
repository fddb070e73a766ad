import { ComparisonOperator } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRule } from './alarm.ts';
import type { DeadLetters } from './dead-letters.ts';
import { PERIOD } from './loader-metrics.ts';

/** SQS forgets a letter after 14 days; four of them are left when this is over. */
const OLDEST_LETTER_SECONDS = 10 * 24 * 3600;

/** The alarms of the dead-letter queue, for all loaders together. */
export function deadLetterAlarms({ letters }: DeadLetters): AlarmRule[] {
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
      firstStep: 'In four days SQS forgets the oldest dead letter. Redrive it, or save it elsewhere.',
      metrics: [letters.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD })],
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: OLDEST_LETTER_SECONDS,
      points: 1,
    },
  ];
}
