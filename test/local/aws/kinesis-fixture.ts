import { CreateStreamCommand, GetShardIteratorCommand, KinesisClient, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { startKinesis } from '../../../local/aws/kinesis/server.ts';

/** A Kinesis of its own for one test file, with a default client. */
export async function openKinesis() {
  const server = await startKinesis({ region: 'eu-central-1', accountId: '111122223333' });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const kinesis = new KinesisClient({ region: 'eu-central-1', endpoint: server.endpoint, credentials });
  const settled = (StreamName: string) =>
    waitUntilStreamExists({ client: kinesis, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 }, { StreamName });

  const createStream = async (name: string, shards = 1): Promise<string> => {
    await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
    await settled(name);
    return `arn:aws:kinesis:eu-central-1:111122223333:stream/${name}`;
  };

  const iteratorOf = async (StreamARN: string, ShardId = 'shardId-000000000000') => {
    const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand({ StreamARN, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
    return ShardIterator;
  };

  return {
    kinesis,
    endpoint: server.endpoint,
    settled,
    createStream,
    iteratorOf,
    close: async () => {
      kinesis.destroy();
      await server.close();
    },
  };
}
