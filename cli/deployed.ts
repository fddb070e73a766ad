import { GetFunctionConfigurationCommand, type LambdaClient, paginateListEventSourceMappings } from '@aws-sdk/client-lambda';
import { type Finding, fault, ok } from '../lib/doctor/finding.ts';
import { checkMapping, type EventSourceMapping } from '../lib/doctor/mapping.ts';
import { asked, openLambda } from './aws.ts';

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
    const { Timeout: functionTimeout, State = 'Active', StateReason } = await asked(`function ${name}`, lambda.send(command));
    const mappings = await asked(`event source mappings of ${name}`, mappingsOf(lambda, name));
    const sources = mappings.flatMap(({ EventSourceArn: source }) => source ?? []);
    return {
      findings: [
        State === 'Active'
          ? ok('mapping', name, `the function is there, with a timeout of ${functionTimeout} s`)
          : fault('mapping', name, `the function is ${State}: ${StateReason ?? 'no reason given'}`, 'wait, or deploy it again'),
        ...(mappings.length === 0 ? [NOTHING_FEEDS(name)] : mappings.flatMap(checkMapping)),
      ],
      streams: sources.filter((source) => source.includes(':kinesis:')).map((source) => source.replace(/\/consumer\/.*/, '')),
      functionTimeout,
    };
  } finally {
    lambda.destroy();
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
