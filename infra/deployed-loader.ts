import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { ExpiredBatches } from './expired-batches.ts';
import type { Loader } from './settings.ts';

/** Where records arrive. */
type Arrivals =
  | { readonly kind: 'kinesis'; readonly stream: IStream; readonly mappingId: string; readonly expired: ExpiredBatches }
  | { readonly kind: 'iggy'; readonly queue: Queue; readonly api: RestApi };

/** A loader as constructs. */
export interface DeployedLoader {
  readonly loader: Loader;
  readonly function: LambdaFunction;
  /** Loads dead letters again. */
  readonly redrive: LambdaFunction;
  /** The loader's dead letters. */
  readonly letters: Queue;
  readonly arrivals: Arrivals;
}
