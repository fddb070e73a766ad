import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { exceptBelow } from './rules.ts';

/** Lets a function do something with every object below a folder of a bucket, with the reason why it is not told which objects. */
export function grantBelow(made: IFunction, bucket: Bucket, folder: string, actions: readonly string[], reason: string): void {
  const resource = bucket.arnForObjects(`${folder}/*`);
  made.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
  exceptBelow(made.role ?? made, resource, reason);
}

/** Lets a function list a bucket; below one folder only, where one is named. */
export function grantList(made: IFunction, bucket: Bucket, folder?: string): void {
  const conditions = folder === undefined ? {} : { conditions: { StringLike: { 's3:prefix': `${folder}/*` } } };
  made.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn], ...conditions }),
  );
}
