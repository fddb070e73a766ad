import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { answered } from './aws.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

/** The loader that a queue feeds. */
export interface Fed {
  /** In seconds. */
  readonly functionTimeout: number | undefined;
  /** For how long it hides a message that it did not settle, at most, in seconds. */
  readonly longestPause: number;
}

const LONGEST_RETENTION = 14 * 86_400;
/** Of the function's timeout, as Lambda's guide recommends. */
const VISIBILITY_TIMEOUTS = 6;

/** Whether a queue keeps its messages, and hides them, for as long as the loader relies on it. */
export async function checkSourceQueue(client: SQSClient, arn: string, fed: Fed): Promise<readonly Finding[]> {
  const reply = await answered(
    'mapping',
    arn,
    attributesOf(client, arn),
    'allow sqs:GetQueueUrl and sqs:GetQueueAttributes to whoever runs doctor',
  );
  if ('check' in reply) return [{ ...reply, verdict: 'untold' }];
  const kept = Number(reply.value['MessageRetentionPeriod']);
  const hidden = Number(reply.value['VisibilityTimeout']);
  const findings = [
    ...drains(arn, reply.value['RedrivePolicy'], kept, fed),
    ...(kept < LONGEST_RETENTION
      ? [
          warning(
            'mapping',
            arn,
            `forgets messages after ${Math.round(kept / 3600)} h: an outage of Doris that lasts longer loses them`,
            'set MessageRetentionPeriod to 1209600 (14 days)',
          ),
        ]
      : []),
    ...(fed.functionTimeout !== undefined && hidden < VISIBILITY_TIMEOUTS * fed.functionTimeout
      ? [
          warning(
            'mapping',
            arn,
            `hides messages for ${hidden} s, less than ${VISIBILITY_TIMEOUTS} times the timeout of the function (${fed.functionTimeout} s): throttled ones come again too soon`,
            `set VisibilityTimeout to ${VISIBILITY_TIMEOUTS * fed.functionTimeout} or more`,
          ),
        ]
      : []),
  ];
  return findings.length > 0 ? findings : [ok('mapping', arn, 'keeps and hides messages for long enough')];
}

/** A message that nobody settles for as long as the queue keeps it is received so often (docs/iggy.md), and must still be there then. */
function drains(arn: string, policy: string | undefined, kept: number, { longestPause }: Fed): readonly Finding[] {
  if (policy === undefined) return [];
  const { maxReceiveCount: given }: { readonly maxReceiveCount?: unknown } = JSON.parse(policy);
  const needed = Math.ceil(10 + kept / (0.75 * longestPause));
  if (Number(given) >= needed) return [];
  return [
    fault(
      'mapping',
      arn,
      `hands messages on after ${String(given)} receives: an outage of Doris makes dead letters of good ones`,
      `take the redrive policy away, or set maxReceiveCount to ${needed} or more (docs/iggy.md)`,
    ),
  ];
}

async function attributesOf(client: SQSClient, arn: string): Promise<Readonly<Record<string, string>>> {
  const [, , , , QueueOwnerAWSAccountId, QueueName] = arn.split(':');
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName, QueueOwnerAWSAccountId }));
  const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return Attributes;
}
