import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Says why a rule of AWS Solutions (cdk-nag) does not hold for a construct. */
export function except(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}

/** Says why a role may act on everything below a resource. */
export function exceptBelow(role: IConstruct, arn: string, path: string, reason: string): void {
  const resolved = Stack.of(role).resolve(arn) as { readonly 'Fn::GetAtt': readonly [id: string, attribute: string] };
  except(role, `IAM5[Resource::<${resolved['Fn::GetAtt'].join('.')}>${path}]`, reason);
}
