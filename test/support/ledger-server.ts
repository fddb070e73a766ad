import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createLedgerTable } from '../../local/aws/dynamodb/ledger-table.ts';
import { startDynamoDb } from '../../local/aws/dynamodb/server.ts';

/** The name of the table that `startLedgerServer` creates. */
export const TABLE = 'ledger';

/** A DynamoDB with an empty ledger, and a client that tries once. */
export interface LedgerServer {
  readonly client: DynamoDBClient;
  close(): Promise<void>;
}

/** @param engine - default: as `startDynamoDb`. */
export async function startLedgerServer(engine?: 'dynoxide' | 'dynalite'): Promise<LedgerServer> {
  const server = await startDynamoDb(engine === undefined ? {} : { engine });
  const client = clientOf(server.endpoint);
  await createLedgerTable(client, TABLE);
  return {
    client,
    close: async () => {
      client.destroy();
      await server.close();
    },
  };
}

/** Nobody answers it. */
export const clientOfNobody = (): DynamoDBClient => clientOf('http://127.0.0.1:1');

function clientOf(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' }, maxAttempts: 1 });
}
