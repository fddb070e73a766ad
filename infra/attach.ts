import { CfnEventSourceMapping, type IEventSource, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';

/** Attaches a function to its source by a mapping that an operator may pause. @param enabled - `true` or `false`, as a token. */
export function attach(made: LambdaFunction, source: IEventSource, enabled: string): void {
  made.addEventSource(source);
  // Templates have no parameters of truth: CloudFormation reads the text. CDK's own property takes no token.
  for (const child of made.node.findAll()) if (child instanceof CfnEventSourceMapping) child.addPropertyOverride('Enabled', enabled);
}
