import { Alarm, type ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/** When a person is called, and what that person does first. */
export interface AlarmRule {
  /** Heading in docs/runbook.md, as an anchor. */
  readonly runbook: string;
  /** The first step of that page. */
  readonly firstStep: string;
  /** One metric, or several of which each has an alarm of its own. */
  readonly metrics: readonly IMetric[];
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  /** Points of five minutes in a row that have to break the threshold. */
  readonly points: number;
}

/** Where alarms are heard: a topic, or nowhere. */
export function alarmTopic(scope: Construct, arn: string | undefined): ITopic | undefined {
  return arn === undefined ? undefined : Topic.fromTopicArn(scope, 'AlarmTopic', arn);
}

/** Creates the alarms of the rules, named after what they watch and the runbook: `Stack-orders-behind`. */
export function createAlarms(scope: Construct, prefix: string, rules: readonly AlarmRule[], topic: ITopic | undefined): Alarm[] {
  return rules.flatMap((rule) =>
    rule.metrics.map((metric, n) => createAlarm(scope, prefix, rule, metric, n === 0 ? '' : `-${n + 1}`, topic)),
  );
}

function createAlarm(scope: Construct, prefix: string, rule: AlarmRule, metric: IMetric, suffix: string, topic: ITopic | undefined): Alarm {
  const { runbook, firstStep, comparison, threshold, points } = rule;
  const alarm = new Alarm(scope, `Alarm-${runbook}${suffix}`, {
    alarmName: `${prefix}-${runbook}${suffix}`,
    alarmDescription: `${firstStep} docs/runbook.md#${runbook}`,
    metric,
    comparisonOperator: comparison,
    threshold,
    evaluationPeriods: points,
    // A source that brings nothing is at rest, not ill.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  if (topic !== undefined) {
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
  return alarm;
}
