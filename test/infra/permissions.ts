import type { Template } from 'aws-cdk-lib/assertions';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Every permission of every role, a line each: `action on resource`. Logical ids lose their hashes. */
export function permissions(template: Template): string[] {
  const managed = Object.values(template.findResources('AWS::IAM::Role')).flatMap(({ Properties }) => Properties.ManagedPolicyArns ?? []);
  const statements = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(
    ({ Properties }) => Properties.PolicyDocument.Statement as Statement[],
  );
  return [...managed.map((arn) => `managed policy ${nameOf(arn)}`), ...statements.flatMap(linesOf)].sort();
}

function linesOf({ Effect, Action, Resource, Condition }: Statement): string[] {
  if (Effect !== 'Allow' || Condition !== undefined)
    throw new Error(`a statement that is not a plain permission: ${JSON.stringify(Action)}`);
  return [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} on ${nameOf(resource)}`));
}

function nameOf(resource: unknown): string {
  const text = typeof resource === 'string' ? resource : JSON.stringify(resource);
  return text
    .replace(/\{"Ref":"AWS::(\w+)"\}/g, '$1')
    .replace(/\{"Fn::GetAtt":\["(\w+?)[0-9A-F]{8}","\w+"\]\}/g, '<$1>')
    .replace(/\{"Fn::Join":\["",\[(.*)\]\]\}/, (_, parts: string) => parts.replace(/[",]/g, ''));
}
