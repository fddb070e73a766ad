import { beforeAll, describe, expect, it } from 'vitest';
import { permissions } from './permissions.ts';
import { aLoader, anIggyLoader, settingsWith, VPC } from './settings-builder.ts';
import { templateOf } from './synthesise.ts';

type Roles = ReturnType<typeof permissions>;

const STREAM = 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders';

/** What every function of a loader may do. */
const every = (role: string) => [
  `logs:CreateLogStream on <${role}Logs>`,
  `logs:PutLogEvents on <${role}Logs>`,
  'secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:AccountId:secret:doris/loader-??????',
];

const on = (resource: string, ...actions: readonly string[]) => actions.map((action) => `${action} on ${resource}`);

/** Actions on those items of the ledger whose keys begin with the label prefix of the loader. */
const ownItems = (prefix: string, ...actions: readonly string[]) =>
  actions.map((action) => `dynamodb:${action} on <Ledger> when {"ForAllValues:StringLike":{"dynamodb:LeadingKeys":"${prefix}#*"}}`);

/** What CDK grants to Lambda's poller of a stream. */
const POLLING = [
  'DescribeStream',
  'DescribeStreamConsumer',
  'DescribeStreamSummary',
  'GetRecords',
  'GetShardIterator',
  'ListShards',
  'ListStreams',
  'SubscribeToShard',
].map((action) => `kinesis:${action}`);
/** What Lambda does with network interfaces, in the name of a role. */
const INTERFACES = [
  'AssignPrivateIpAddresses',
  'CreateNetworkInterface',
  'DeleteNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'UnassignPrivateIpAddresses',
];
const TAKING = ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:ReceiveMessage'];

let orders: Roles;
let withoutBucket: Roles;
let quakes: Roles;
beforeAll(() => {
  const both = settingsWith(aLoader(), { loaders: [aLoader(), anIggyLoader()] });
  const all = permissions(templateOf(both));
  orders = Object.fromEntries(Object.entries(all).filter(([role]) => role.startsWith('Loaderorders')));
  quakes = Object.fromEntries(Object.entries(all).filter(([role]) => role.startsWith('Loaderquakes')));
  withoutBucket = permissions(templateOf(settingsWith(aLoader(), { deadLetters: { bucket: false } })));
});

describe('the role of a loader', () => {
  it('may do this and nothing else', () => {
    expect(orders['LoaderordersRole']).toEqual(
      [
        ...every('Loaderorders'),
        ...ownItems('orders', 'GetItem', 'Query', 'UpdateItem'),
        ...on('<LoaderordersDeadLetters>', 'sqs:SendMessage'),
        ...on(STREAM, ...POLLING),
        's3:ListBucket on <DeadLettersBucket>',
        's3:PutObject on <DeadLettersBucket>/aws/lambda/*',
        's3:PutObject on <DeadLettersBucket>/dead-letters/*',
      ].sort(),
    );
  });

  it('may not touch a bucket when there is none', () => {
    const without = withoutBucket['LoaderordersRole'] ?? [];
    expect(without.filter((line) => line.startsWith('s3:'))).toEqual([]);
    expect(without).toContain('sqs:SendMessage on <LoaderordersExpiredBatches>');
  });

  it('may subscribe to its own consumer with enhanced fan-out', () => {
    const fanOut = permissions(templateOf(settingsWith(aLoader({ source: { enhancedFanOut: true, kplProducers: false } }))));

    expect(fanOut['LoaderordersRole']?.filter((line) => !orders['LoaderordersRole']?.includes(line))).toEqual(
      on('<LoaderordersConsumer>', 'kinesis:DescribeStreamConsumer', 'kinesis:SubscribeToShard'),
    );
  });
});

describe('the role of a redrive', () => {
  it('may do this and nothing else', () => {
    const redrive = orders['LoaderordersRedriveRole']?.map((line) => line.replace(/<LoaderordersFunctionKinesis\w+>/, '<Mapping>'));
    expect(redrive).toEqual(
      [
        ...every('LoaderordersRedrive'),
        ...ownItems('orders', 'GetItem', 'PutItem', 'Query', 'UpdateItem'),
        ...on('<LoaderordersDeadLetters>', 'sqs:SendMessage', ...TAKING),
        ...on(STREAM, 'kinesis:GetRecords', 'kinesis:GetShardIterator'),
        ...on('<DeadLettersBucket>/dead-letters/*', 's3:GetObject', 's3:PutObject'),
        // Lambda's reports of this loader's event source mapping, and no others.
        ...on('<DeadLettersBucket>/aws/lambda/<Mapping>/*', 's3:DeleteObject', 's3:GetObject'),
        's3:ListBucket on <DeadLettersBucket> when {"StringLike":{"s3:prefix":aws/lambda/<Mapping>/*}}',
      ].sort(),
    );
  });

  it('may take batches that Lambda gave up from their queue when there is no bucket', () => {
    const without = withoutBucket['LoaderordersRedriveRole'] ?? [];
    expect(without.filter((line) => line.startsWith('s3:'))).toEqual([]);
    expect(without).toEqual(expect.arrayContaining(on('<LoaderordersExpiredBatches>', ...TAKING)));
  });
});

describe('the role of doctor', () => {
  it('may look, and change nothing', () => {
    expect(orders['LoaderordersDoctorRole']).toEqual(
      [
        ...every('LoaderordersDoctor'),
        ...on('<Ledger>', 'dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive'),
        ...on('<LoaderordersDeadLetters>', 'sqs:GetQueueAttributes'),
        ...on(STREAM, 'kinesis:DescribeStreamSummary', 'kinesis:ListShards'),
        's3:ListBucket on <DeadLettersBucket>',
      ].sort(),
    );
  });
});

describe('every role of a loader', () => {
  it('is one of these', () => {
    expect(Object.keys({ ...orders, ...quakes }).sort()).toEqual([
      'LoaderordersDoctorRole',
      'LoaderordersRedriveRole',
      'LoaderordersRole',
      'LoaderquakesDoctorRole',
      'LoaderquakesEndpointRole',
      'LoaderquakesRedriveRole',
      'LoaderquakesRole',
    ]);
  });

  it('may read exactly the secret whose ARN is given and decrypt it, and the stream where it reads that', () => {
    const key = (n: number) => `arn:aws:kms:eu-central-1:123456789012:key/${n}`;
    const secretId = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:doris-a1b2c3';
    const loader = aLoader({ source: { encryptionKeyArn: key(1) }, doris: { secretId, secretKeyArn: key(2) } });

    const all = permissions(templateOf(settingsWith(loader)));

    const decrypt = (n: number, service: string) =>
      `kms:Decrypt on ${key(n)} when {"StringEquals":{"kms:ViaService":"${service}.eu-central-1.amazonaws.com"}}`;
    const secret = [decrypt(2, 'secretsmanager'), `secretsmanager:GetSecretValue on ${secretId}`];
    const about = (role: string) => all[role]?.filter((line) => /secretsmanager|kms/.test(line));
    expect(about('LoaderordersRole')).toEqual([decrypt(1, 'kinesis'), ...secret]);
    expect(about('LoaderordersRedriveRole')).toEqual([decrypt(1, 'kinesis'), ...secret]);
    expect(about('LoaderordersDoctorRole')).toEqual(secret);
  });

  it('may make network interfaces in a VPC, and trace when that is asked for', () => {
    const all = permissions(templateOf(settingsWith(aLoader({ function: { xray: true } }), { network: VPC })));

    for (const lines of Object.values(all))
      expect(lines.filter((line) => line.endsWith(' on *'))).toEqual([
        ...on('*', ...INTERFACES.map((action) => `ec2:${action}`)),
        'xray:PutTelemetryRecords on *',
        'xray:PutTraceSegments on *',
      ]);
  });

  it('leaves network interfaces to Lambda: the code of the function itself may not touch them', () => {
    const template = templateOf(settingsWith(aLoader(), { network: VPC }));
    const functions = Object.entries(template.findResources('AWS::Lambda::Function'));
    expect(functions).toHaveLength(3);
    for (const [id, { Properties }] of functions)
      template.hasResourceProperties('AWS::IAM::Policy', {
        Roles: [{ Ref: Properties.Role['Fn::GetAtt'][0] }],
        PolicyDocument: {
          Statement: [
            {
              Effect: 'Deny',
              Action: INTERFACES.map((action) => `ec2:${action}`),
              Resource: '*',
              Condition: { ArnEquals: { 'lambda:SourceFunctionArn': { 'Fn::GetAtt': [id, 'Arn'] } } },
            },
          ],
        },
      });
  });

  it('of a function is for Lambda only', () => {
    templateOf(settingsWith()).allResourcesProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
      },
    });
  });
});

describe('the roles of a loader for Iggy', () => {
  it('may do this and nothing else', () => {
    expect(quakes['LoaderquakesRole']).toEqual(
      [
        ...every('Loaderquakes'),
        ...ownItems('quakes', 'GetItem', 'PutItem', 'Query', 'UpdateItem'),
        ...on('<LoaderquakesDeadLetters>', 'sqs:SendMessage'),
        ...on('<LoaderquakesQueue>', ...TAKING, 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'),
        's3:PutObject on <DeadLettersBucket>/dead-letters/*',
      ].sort(),
    );
    expect(quakes['LoaderquakesEndpointRole']).toEqual(on('<LoaderquakesQueue>', 'sqs:SendMessage'));
  });

  it('know no stream and no batches that Lambda gave up', () => {
    for (const role of ['LoaderquakesRedriveRole', 'LoaderquakesDoctorRole'])
      expect(quakes[role]?.filter((line) => /kinesis:|aws\/lambda/.test(line))).toEqual([]);
  });
});
