import { Token } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { loaderApp } from '../../infra/loader-app.ts';
import { loaderStack } from '../../infra/loader-stack.ts';
import { checkSettings } from '../../infra/settings.ts';
import { SETTINGS } from '../../lib/settings.ts';
import { permissions } from './permissions.ts';
import { aLoader, anIggyLoader, ENDPOINTS, settingsWith, VPC } from './settings-builder.ts';
import { templateOf } from './synthesise.ts';

describe('what loaders share', () => {
  let template: Template;
  beforeAll(() => {
    template = templateOf(settingsWith(aLoader(), { loaders: [aLoader(), anIggyLoader()] }));
  });

  it('is one ledger with the keys and the time to live that the functions rely on', () => {
    template.resourceCountIs('AWS::DynamoDB::Table', 1);
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });

  it('has a ledger on demand, encrypted, restorable and not deleted by mistake', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  it('keeps dead letters for 14 days, encrypted, and takes messages as large as the functions send them', () => {
    template.allResourcesProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 14 * 24 * 3600,
      SqsManagedSseEnabled: true,
      MaximumMessageSize: Number(SETTINGS.DEAD_LETTER_MAX_BYTES.fallback),
    });
  });

  it('lets nobody at a queue or the bucket without TLS', () => {
    const refusal = { Effect: 'Deny', Principal: { AWS: '*' }, Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
    for (const type of ['AWS::SQS::QueuePolicy', 'AWS::S3::BucketPolicy'])
      template.allResourcesProperties(type, { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike(refusal)]) } });
    template.resourceCountIs('AWS::SQS::QueuePolicy', Object.keys(template.findResources('AWS::SQS::Queue')).length);
  });

  it('has a bucket that is encrypted and closed to the public', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.anyValue(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  it('outlives the stack, unless that is not wanted', () => {
    const policies = (of: Template) =>
      ['AWS::DynamoDB::Table', 'AWS::SQS::Queue', 'AWS::S3::Bucket', 'AWS::Logs::LogGroup'].map((type) => [
        ...new Set(Object.values(of.findResources(type)).map(({ DeletionPolicy }) => DeletionPolicy)),
      ]);
    expect(policies(template)).toEqual([['Retain'], ['Retain'], ['Retain'], ['Retain']]);
    expect(policies(templateOf(settingsWith(aLoader(), { onDelete: 'destroy' })))).toEqual([
      ['Delete'],
      ['Delete'],
      ['Delete'],
      ['Delete'],
    ]);
  });

  it('is the ledger of another stack when the settings name that, so that loaders go on where they were', () => {
    const moved = templateOf(settingsWith(aLoader(), { ledgerTable: 'Former-Ledger' }));
    moved.resourceCountIs('AWS::DynamoDB::Table', 0);
    moved.allResourcesProperties('AWS::Lambda::Function', { Environment: { Variables: { LEDGER_TABLE: 'Former-Ledger' } } });
    const table = 'arn:aws:dynamodb:eu-central-1:AccountId:table/Former-Ledger';
    expect(permissions(moved)['LoaderordersRole']).toContainEqual(expect.stringContaining(`dynamodb:UpdateItem on ${table} when`));
    expect(() => checkSettings(settingsWith(aLoader(), { ledgerTable: 'a/b' }))).toThrow(
      'ledgerTable: must be the name of a DynamoDB table',
    );
  });

  it('is deleted by nobody by mistake: a ledger made anew would load again what the streams still have', () => {
    const isProtected = (changes: object) =>
      loaderStack(loaderApp(), checkSettings(settingsWith(aLoader(), changes))).terminationProtection;
    expect(isProtected({})).toBe(true);
    expect(isProtected({ onDelete: 'destroy' })).toBe(false);
  });
});

describe('the region of a stack', () => {
  const regionOfStack = (loader: object) => loaderStack(loaderApp(), checkSettings(settingsWith(loader))).region;

  it('is that of its streams, whatever the command line is set to', () => {
    expect(regionOfStack(aLoader())).toBe('eu-central-1');
  });

  it('is that of the command line when the settings name nothing by an ARN', () => {
    expect(Token.isUnresolved(regionOfStack(anIggyLoader()))).toBe(true);
  });
});

const SECURITY_GROUP = 'AWS::EC2::SecurityGroup';

describe('a network', () => {
  it('is not there when Doris is reached over the internet', () => {
    const template = templateOf(settingsWith());
    template.resourceCountIs(SECURITY_GROUP, 0);
    template.hasResourceProperties('AWS::Lambda::Function', { VpcConfig: Match.absent() });
  });

  it('with a NAT lets functions out to Doris and to HTTPS only', () => {
    const template = templateOf(settingsWith(aLoader(), { network: VPC }));
    template.hasResourceProperties('AWS::Lambda::Function', { VpcConfig: { SubnetIds: ['subnet-00000001', 'subnet-00000002'] } });
    template.hasResourceProperties(SECURITY_GROUP, {
      VpcId: 'vpc-00000001',
      SecurityGroupEgress: [
        Match.objectLike({ CidrIp: '10.20.0.0/16', FromPort: 8030, ToPort: 8030, IpProtocol: 'tcp' }),
        Match.objectLike({ CidrIp: '10.20.0.0/16', FromPort: 8040, ToPort: 8040, IpProtocol: 'tcp' }),
        Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }),
      ],
      SecurityGroupIngress: Match.absent(),
    });
  });

  it('lets functions use IPv6 only when Doris has addresses of it', () => {
    const vpcConfig = (doris: object[]) => {
      const [made] = Object.values(
        templateOf(settingsWith(aLoader(), { network: { ...VPC, doris } })).findResources('AWS::Lambda::Function'),
      );
      return made?.['Properties'].VpcConfig;
    };
    const [ipv4] = VPC.doris;
    expect(vpcConfig([{ cidr: 'fd00::/64', ports: [8030] }])).toMatchObject({ Ipv6AllowedForDualStack: true });
    expect(vpcConfig([{ ...ipv4 }])).not.toHaveProperty('Ipv6AllowedForDualStack');
  });

  it('with endpoints lets those in whom their names lead there as well', () => {
    const { sharedWith: _, ...unsaid } = ENDPOINTS;
    const others = Match.objectLike({ CidrIp: '10.20.0.0/16', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' });
    const shared = templateOf(settingsWith(aLoader(), { network: { ...VPC, aws: { ...ENDPOINTS, sharedWith: ['10.20.0.0/16'] } } }));

    shared.hasResourceProperties(SECURITY_GROUP, { SecurityGroupIngress: [others] });
    templateOf(settingsWith(aLoader(), { network: { ...VPC, aws: ENDPOINTS } })).allResourcesProperties(SECURITY_GROUP, {
      SecurityGroupIngress: Match.absent(),
    });
    expect(() => checkSettings(settingsWith(aLoader(), { network: { ...VPC, aws: unsaid } }))).toThrow(
      'network.aws.sharedWith: is missing; must be a list of the networks in the VPC',
    );
  });

  it('with endpoints lets functions out to Doris and to the endpoints only', () => {
    const template = templateOf(settingsWith(aLoader(), { network: { ...VPC, aws: ENDPOINTS } }));

    template.resourcePropertiesCountIs('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway', RouteTableIds: ['rtb-00000001'] }, 2);
    template.resourcePropertiesCountIs('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface', PrivateDnsEnabled: true }, 3);
    expect(JSON.stringify(template.toJSON())).not.toContain('0.0.0.0/0');
    for (const DestinationPrefixListId of ['pl-00000001', 'pl-00000002'])
      template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', { DestinationPrefixListId, FromPort: 443, ToPort: 443 });
    expect(servicesOf(template)).toEqual(['dynamodb', 'kinesis-streams', 's3', 'secretsmanager', 'sqs']);
    expect(servicesOf(templateOf(settingsWith(anIggyLoader(), { network: { ...VPC, aws: ENDPOINTS } })))).not.toContain('kinesis-streams');
  });
});

/** What the endpoints of a template lead to. */
function servicesOf(template: Template): string[] {
  const endpoints = Object.values(template.findResources('AWS::EC2::VPCEndpoint'));
  return endpoints.map(({ Properties }) => /\.([-a-z0-9]+)"(?:\]\]\})?$/.exec(JSON.stringify(Properties.ServiceName))?.[1] ?? '').sort();
}
