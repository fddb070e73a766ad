import { createRequire } from 'node:module';
import { create, type Store } from 'kinesalite/db/index.js';
import { checkTypes, checkValidations } from 'kinesalite/validations/index.js';
import { iteratorAtTimestamp } from './at-timestamp.ts';
import { speedUpSequences } from './fast-sequence.ts';
import { getRecords, type Stores } from './get-records.ts';
import { mendListShards, readListShards } from './list-shards.ts';
import { checkPutSize } from './put-size.ts';
import { createRecordLog, type RecordLog } from './record-log.ts';
import { type Fault, isFault, type Reply, type Request, refuse } from './reply.ts';
import { isSoundPut } from './sound-put.ts';

/** Kinesis without its wire protocol: one call in, one reply out. */
export interface KinesisEngine {
  /** Runs one operation, such as `PutRecords`, with its input as the JSON protocol carries it. */
  call(operation: string, input: Request): Promise<Reply>;
  close(): Promise<void>;
}

/** How a stream behaves while it is made or changed, and who owns it. */
export interface KinesisEngineOptions {
  readonly region: string;
  readonly accountId: string;
  /** How long a new, changed or deleted stream stays in its passing state. */
  readonly transitionMillis: number;
}

/**
 * kinesalite's store, checks and actions, called without its HTTP front: that hangs over HTTP/2 on large requests and knows no
 * StreamARN. What its actions leave out of the replies is put in here.
 */
export function createKinesisEngine(options: KinesisEngineOptions): KinesisEngine {
  const { transitionMillis: ms } = options;
  const store = create({ createStreamMs: ms, deleteStreamMs: ms, updateStreamMs: ms, shardLimit: 1000 });
  store.metaDb.awsAccountId = options.accountId;
  store.metaDb.awsRegion = options.region;
  const stores = { store, logOf: keepRecordsInLogs(store) };
  return {
    call: async (operation, input) => {
      const known = operations.get(operation);
      if (known === undefined) return refuse('UnknownOperationException', `${operation} is not served by the local Kinesis`);
      try {
        return { status: 200, body: await run(stores, known, input) };
      } catch (fault) {
        if (isFault(fault)) return { status: fault.statusCode, body: fault.body };
        throw fault;
      }
    },
    close: () => new Promise((resolve) => store.db.close(() => resolve())),
  };
}

function keepRecordsInLogs(store: Store): (stream: string) => RecordLog {
  const logs = new Map<string, RecordLog>();
  const logOf = (stream: string): RecordLog => {
    const log = logs.get(stream) ?? createRecordLog();
    logs.set(stream, log);
    return log;
  };
  store.getStreamDb = logOf;
  store.deleteStreamDb = (stream, done) => {
    logs.delete(stream);
    done();
  };
  return logOf;
}

interface Operation {
  readonly name: string;
  readonly act: (store: Store, input: Request, done: (error: Error | null, output?: object) => void) => void;
  readonly types: object;
  readonly custom: unknown;
}

const operationNames = [
  'AddTagsToStream',
  'CreateStream',
  'DecreaseStreamRetentionPeriod',
  'DeleteStream',
  'DescribeStream',
  'DescribeStreamSummary',
  'GetRecords',
  'GetShardIterator',
  'IncreaseStreamRetentionPeriod',
  'ListShards',
  'ListStreams',
  'ListTagsForStream',
  'MergeShards',
  'PutRecord',
  'PutRecords',
  'RemoveTagsFromStream',
  'SplitShard',
];

speedUpSequences();

const load = createRequire(import.meta.url);

const operations: ReadonlyMap<string, Operation> = new Map(
  operationNames.map((name) => {
    const file = `${name.charAt(0).toLowerCase()}${name.slice(1)}.js`;
    const { types, custom } = load(`kinesalite/validations/${file}`) as Pick<Operation, 'types' | 'custom'>;
    return [name, { name, act: load(`kinesalite/actions/${file}`) as Operation['act'], types, custom }];
  }),
);

async function run(stores: Stores, operation: Operation, sent: Request): Promise<Reply['body']> {
  const input = namedStream(sent);
  if (operation.name === 'PutRecords' && isSoundPut(input)) return act(stores.store, operation, input);
  const listing = operation.name === 'ListShards' ? readListShards(input) : undefined;
  const checked = checkTypes({ ...(listing?.engineInput ?? input) }, operation.types);
  checkValidations(checked, operation.types, operation.custom, operation.name);
  checkPutSize(checked);
  if (operation.name === 'GetRecords') return getRecords(stores, checked);
  if (checked['ShardIteratorType'] === 'AT_TIMESTAMP') {
    const { Timestamp: _, ...place } = checked;
    const ask = (ShardIteratorType: string) => act(stores.store, operation, { ...place, ShardIteratorType });
    return iteratorAtTimestamp(checked, stores.logOf(String(checked['StreamName'])), ask);
  }
  const output = await act(stores.store, operation, checked);
  return listing === undefined ? output : mendListShards(output, listing);
}

/** kinesalite reads only StreamName; the SDK's users may send StreamARN instead, on every call. */
function namedStream(input: Request): Request {
  const arn = input['StreamARN'];
  if (typeof arn !== 'string' || input['StreamName'] !== undefined) return input;
  return { ...input, StreamName: arn.slice(arn.indexOf('/') + 1) };
}

function act(store: Store, operation: Operation, input: Request): Promise<object> {
  return new Promise((resolve, reject) => {
    operation.act(store, input, (error: Error | Fault | null, output) => (error ? reject(error) : resolve(output ?? {})));
  });
}
