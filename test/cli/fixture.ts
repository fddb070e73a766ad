import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import * as z from 'zod';
import { STREAM } from '../../local/demo/stack.ts';
import type { FunctionHost } from '../../local/function-process/host.ts';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

/** The demo stream as the ledger knows it. */
export const ARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`;
/** Its only shard. */
export const SHARD = 'shardId-000000000000';

/** The table of the stack. */
export const CREATE_T =
  'CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")';

/** The local stack with a table `t (id)` and the loader; records are put into the stream and delivered by hand. */
export interface CliStack extends LocalStack {
  /** Puts `{"id":<id>}`. @returns its sequence number */
  put(id: number): Promise<Delivered>;
  /** Brings records to the loader, as its event source mapping would. */
  deliver(...records: readonly Delivered[]): Promise<unknown>;
  /** The same, when the loader may fail. */
  invoke(...records: readonly Delivered[]): ReturnType<FunctionHost['invoke']>;
  /** What the loader wrote. */
  readonly lines: readonly string[];
}

export interface Delivered {
  readonly data: string;
  readonly sequenceNumber: string;
}

/** @param timeoutMillis - of the loader's function. */
export async function startCliStack(timeoutMillis = 20_000): Promise<CliStack> {
  const stack = await startLocalStack();
  await stack.select(CREATE_T);
  const loader = stack.startFunction({}, timeoutMillis);
  const invoke: CliStack['invoke'] = (...records) =>
    loader.invoke(JSON.stringify(kinesisEvent(records.map((record) => ({ ...record, streamArn: ARN, shard: SHARD })))));
  return {
    ...stack,
    lines: loader.lines,
    async put(id) {
      const data = `{"id":${id}}`;
      const record = { StreamName: STREAM, PartitionKey: 'k', Data: Buffer.from(data) };
      const { SequenceNumber: sequenceNumber = '' } = await stack.kinesis.send(new PutRecordCommand(record));
      return { data, sequenceNumber };
    },
    invoke,
    async deliver(...records) {
      const result = await invoke(...records);
      expect(result.kind).toBe('returned');
      return result.kind === 'returned' ? JSON.parse(result.payload) : undefined;
    },
  };
}

const backendList = z.object({ data: z.object({ backends: z.tuple([z.object({ ip: z.string(), http_port: z.number() })]) }) });

/** The only backend of a stack, as its frontend names it. */
export async function backendOf({ doris: { feUrl, user, password } }: LocalStack): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const reply = await fetch(`${feUrl}/api/backends`, { headers: { authorization } });
  const [{ ip, http_port: port }] = backendList.parse(await reply.json()).data.backends;
  return `${ip}:${port}`;
}
