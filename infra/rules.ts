import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Says why a rule of AWS Solutions (cdk-nag) does not hold for a construct. */
export function except(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}

/** Says why a role may act on everything that an ARN with a `*` at its end fits. */
export function exceptBelow(role: IConstruct, arn: string, reason: string): void {
  except(role, `IAM5[Resource::${spelt(Stack.of(role).resolve(arn))}]`, reason);
}

/** A resource as cdk-nag names it in a finding: references in angle brackets. */
function spelt(part: unknown): string {
  if (typeof part === 'string') return part;
  const { 'Fn::Join': join, 'Fn::GetAtt': attribute, Ref: id } = part as Reference;
  if (join !== undefined) return join[1].map(spelt).join(join[0]);
  return attribute === undefined ? `<${id}>` : `<${attribute.join('.')}>`;
}

interface Reference {
  readonly 'Fn::Join'?: readonly [separator: string, parts: readonly unknown[]];
  readonly 'Fn::GetAtt'?: readonly [id: string, attribute: string];
  readonly Ref?: string;
}
