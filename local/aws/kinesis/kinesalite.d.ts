/** kinesalite 3.3.3 ships no types. Only what the engine beside this file calls is described. */

declare module 'kinesalite/db/index.js' {
  export interface StoredRecord {
    readonly PartitionKey: string;
    readonly Data: string;
    readonly ApproximateArrivalTimestamp: number;
  }
  export interface StoredShard {
    readonly ShardId: string;
    readonly ParentShardId?: string;
    readonly AdjacentParentShardId?: string;
    readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
    readonly SequenceNumberRange: { readonly StartingSequenceNumber: string; readonly EndingSequenceNumber?: string };
  }
  export interface StoredStream {
    readonly Shards: readonly StoredShard[];
    readonly RetentionPeriodHours: number;
  }
  export interface Store {
    readonly db: { close(done: (error?: Error) => void): void };
    readonly metaDb: { awsAccountId: string; awsRegion: string };
    getStream(name: string, done: (error: Error | null, stream: StoredStream) => void): void;
    getStreamDb: (name: string) => object;
    deleteStreamDb: (name: string, done: () => void) => void;
  }
  export const ITERATOR_PWD_KEY: Buffer;
  export const ITERATOR_PWD_IV: Buffer;
  export function create(options: {
    readonly createStreamMs: number;
    readonly deleteStreamMs: number;
    readonly updateStreamMs: number;
    readonly shardLimit: number;
  }): Store;
  export function parseSequence(sequenceNumber: string): { readonly shardCreateTime: number; readonly seqTime: number };
  export function incrementSequence(sequenceNumber: string): string;
  export function createShardIterator(stream: string, shardId: string, sequenceNumber: string): string;
  export function shardIxToHex(index: number): string;
}

declare module 'kinesalite/validations/index.js' {
  export function checkTypes(input: object, types: object): Record<string, unknown>;
  export function checkValidations(input: object, types: object, custom: unknown, operation: string): void;
}
