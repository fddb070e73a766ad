import type { Endpoint } from '../../loopback.ts';
import { startDynalite } from './dynalite.ts';
import { dynoxidePath, startDynoxide } from './dynoxide.ts';

/** DynamoDB, and which program plays it. */
export interface DynamoDb extends Endpoint {
  /** `dynalite` knows no transactions, no TTL updates, and returns no item with a failed condition. */
  readonly engine: DynamoDbEngine;
}

type DynamoDbEngine = 'dynoxide' | 'dynalite';

/** Which program to take. */
export interface DynamoDbOptions {
  /** Default: dynoxide where its binary is installed for this platform, otherwise dynalite. */
  readonly engine?: DynamoDbEngine;
}

/** Starts DynamoDB on a free port of the loopback interface, in memory. */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<DynamoDb> {
  const binary = dynoxidePath();
  const { engine = binary === undefined ? 'dynalite' : 'dynoxide' } = options;
  if (engine === 'dynalite') return { engine, ...(await startDynalite()) };
  if (binary === undefined) throw new Error(`dynoxide has no binary for ${process.platform}-${process.arch}: choose dynalite`);
  return { engine, ...(await startDynoxide(binary)) };
}
