import { fileURLToPath } from 'node:url';
import { PurgeQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { FUNCTIONS } from '../../infra/bundle.ts';
import { type ReadLetter, readDeadLetters } from '../../local/demo/dead-letters.ts';
import { DATABASE, type Stack, startStack } from '../../local/demo/stack.ts';
import { type FunctionHost, startFunctionHost } from '../../local/function-process/host.ts';
import { givenParts } from './given.ts';

/** The bundle that is deployed. */
const bundleOf = (name: FunctionName) => fileURLToPath(new URL(`../../dist/functions/${name}/index.mjs`, import.meta.url));

/** Node that runs the bundle: another one than this process's when `LOADER_NODE` names it. */
const LOADER_NODE = process.env['LOADER_NODE'] ?? process.execPath;

type FunctionName = (typeof FUNCTIONS)[number];
type RunningFunction = FunctionHost & { readonly lines: string[] };

/** The stack, and the function on top of it. */
export interface LocalStack extends Stack {
  /** Starts the function with more or other environment variables, its output gathered in `lines`. */
  startFunction(changes?: Readonly<Record<string, string>>, timeoutMillis?: number, name?: FunctionName): RunningFunction;
  /** What a table holds, as text cells. */
  select(sql: string): Promise<readonly (readonly unknown[])[]>;
  letters(): Promise<ReadLetter[]>;
  /** Bodies with the attributes of their messages, taken off the queue. */
  rawLetters(): Promise<readonly { readonly body: string; readonly attributes: Readonly<Record<string, string>> }[]>;
}

export async function startLocalStack(): Promise<LocalStack> {
  const stack = await startStack(1, await givenParts());
  const hosts: FunctionHost[] = [];
  return {
    ...stack,
    startFunction(changes = {}, timeoutMillis = 20_000, name = 'kinesis-loader') {
      const lines: string[] = [];
      const host = startFunctionHost({
        name,
        bundle: bundleOf(name),
        concurrency: 4,
        node: LOADER_NODE,
        env: { ...stack.env, DORIS_TABLE: 't', ...changes },
        timeoutMillis,
        onOutput: ({ text }) => lines.push(text),
      });
      hosts.push(host);
      return { ...host, lines };
    },
    select: async (sql) => (await stack.doris.query(sql, DATABASE)).rows,
    async letters() {
      const letters = await readDeadLetters(stack.sqs, stack.deadLetterQueueUrl);
      await stack.sqs.send(new PurgeQueueCommand({ QueueUrl: stack.deadLetterQueueUrl }));
      return letters;
    },
    async rawLetters() {
      const { Messages = [] } = await stack.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: stack.deadLetterQueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
      );
      return Messages.map(({ Body = '', MessageAttributes = {} }) => ({
        body: Body,
        attributes: Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue])),
      }));
    },
    async close() {
      await Promise.all(hosts.map((host) => host.close()));
      await stack.close();
    },
  };
}
