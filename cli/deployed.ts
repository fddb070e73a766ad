import { GetFunctionConfigurationCommand, type LambdaClient, paginateListEventSourceMappings } from '@aws-sdk/client-lambda';
import { readSettings } from '../lib/config.ts';
import { type Finding, fault, ok } from '../lib/doctor/finding.ts';
import { checkMapping, type EventSourceMapping } from '../lib/doctor/mapping.ts';
import { checkSourceQueue, type Fed } from '../lib/doctor/source-queue.ts';
import { asked, openLambda, openSqs } from './aws.ts';

/** What is known of a deployed loader. */
export interface Deployed {
  readonly findings: readonly Finding[];
  /** ARNs of the streams that feed it. */
  readonly streams: readonly string[];
  /** In seconds. */
  readonly functionTimeout: number | undefined;
}

/** Looks at a deployed function and what feeds it, through Lambda's API. @param name - name or ARN. @throws {CommandError} */
export async function examineDeployed(name: string): Promise<Deployed> {
  const lambda = openLambda();
  try {
    const command = new GetFunctionConfigurationCommand({ FunctionName: name });
    const { Timeout: functionTimeout, State = 'Active', StateReason, Environment } = await asked(`function ${name}`, lambda.send(command));
    const mappings = await asked(`event source mappings of ${name}`, mappingsOf(lambda, name));
    const sources = mappings.flatMap(({ EventSourceArn: source }) => source ?? []);
    const { IGGY_RETRY_MAX_SECONDS: longestPause } = readSettings(Environment?.Variables ?? {}, ['IGGY_RETRY_MAX_SECONDS']);
    return {
      findings: [
        State === 'Active'
          ? ok('mapping', name, `the function is there, with a timeout of ${functionTimeout} s`)
          : fault('mapping', name, `the function is ${State}: ${StateReason ?? 'no reason given'}`, 'wait, or deploy it again'),
        ...(mappings.length === 0 ? [NOTHING_FEEDS(name)] : mappings.flatMap(checkMapping)),
        ...(await queueFindings(sources, { functionTimeout, longestPause })),
      ],
      streams: sources.filter((source) => source.includes(':kinesis:')).map((source) => source.replace(/\/consumer\/.*/, '')),
      functionTimeout,
    };
  } finally {
    lambda.destroy();
  }
}

async function queueFindings(sources: readonly string[], fed: Fed): Promise<readonly Finding[]> {
  const queues = sources.filter((source) => source.includes(':sqs:'));
  if (queues.length === 0) return [];
  const sqs = openSqs();
  try {
    return (await Promise.all(queues.map((arn) => checkSourceQueue(sqs, arn, fed)))).flat();
  } finally {
    sqs.destroy();
  }
}

const NOTHING_FEEDS = (name: string): Finding =>
  fault(
    'mapping',
    name,
    'no event source mapping feeds the function: nothing brings it records',
    'deploy the stack again, or name the loader and not another function',
  );

async function mappingsOf(client: LambdaClient, FunctionName: string): Promise<readonly EventSourceMapping[]> {
  const all: EventSourceMapping[] = [];
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client }, { FunctionName }))
    all.push(...EventSourceMappings);
  return all;
}
