import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { deadLetterBucket } from './dead-letters.ts';
import { type Ledger, ledgerOf } from './ledger-table.ts';
import { functionNetwork, type Network } from './network.ts';
import type { Settings } from './settings.ts';

/** What the loaders of a stack share. */
export interface SharedResources {
  readonly ledger: Ledger;
  /** For payloads that no message can hold, and for batches that Lambda gave up; absent where it is not wanted. */
  readonly bucket: Bucket | undefined;
  readonly network: Network | undefined;
  /** What becomes of records and progress when the stack is deleted. */
  readonly removalPolicy: RemovalPolicy;
}

/** Creates what the loaders of a stack share. */
export function sharedResources(stack: Stack, settings: Settings): SharedResources {
  const removalPolicy = settings.onDelete === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  return {
    ledger: ledgerOf(stack, settings, removalPolicy),
    bucket: settings.deadLetters.bucket ? deadLetterBucket(stack, removalPolicy) : undefined,
    network: functionNetwork(stack, settings),
    removalPolicy,
  };
}
