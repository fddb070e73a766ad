import type { Template } from 'aws-cdk-lib/assertions';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Every permission of every role by the role, a line each: `action on resource`. Logical ids lose their hashes. What is denied is left out. */
export function permissions(template: Template): Readonly<Record<string, readonly string[]>> {
  const policies = Object.values(template.findResources('AWS::IAM::Policy'));
  return Object.fromEntries(
    Object.entries(template.findResources('AWS::IAM::Role')).map(([id, { Properties }]) => {
      const managed: unknown[] = Properties.ManagedPolicyArns ?? [];
      const statements = policies
        .filter(({ Properties: policy }) => policy.Roles.some(({ Ref }: { Ref: string }) => Ref === id))
        .flatMap(({ Properties: policy }) => policy.PolicyDocument.Statement as Statement[])
        .filter(({ Effect }) => Effect === 'Allow');
      return [bare(id), [...managed.map((arn) => `managed policy ${nameOf(arn)}`), ...statements.flatMap(linesOf)].sort()];
    }),
  );
}

function linesOf({ Action, Resource, Condition }: Statement): string[] {
  const when = Condition === undefined ? '' : ` when ${nameOf(Condition)}`;
  return [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} on ${nameOf(resource)}${when}`));
}

/** A logical id without its hash. */
export function bare(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}

function nameOf(resource: unknown): string {
  const text = typeof resource === 'string' ? resource : JSON.stringify(resource);
  return text
    .replace(/\{"Ref":"AWS::(\w+)"\}/g, '$1')
    .replace(/\{"Ref":"(\w+?)[0-9A-F]{8}"\}/g, '<$1>')
    .replace(/\{"Fn::GetAtt":\["(\w+?)[0-9A-F]{8}","\w+"\]\}/g, '<$1>')
    .replace(/\{"Fn::Join":\["",\[(.*?)\]\]\}/, (_, parts: string) => parts.replace(/[",]/g, ''));
}
