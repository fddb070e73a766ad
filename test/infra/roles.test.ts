import { describe, expect, it } from 'vitest';
import { permissions } from './permissions.ts';
import { aLoader, anIggyLoader, settingsWith, VPC } from './settings-builder.ts';
import { templateOf } from './synthesise.ts';

const EVERY_LOADER = [
  'dynamodb:GetItem on <Ledger>',
  'dynamodb:UpdateItem on <Ledger>',
  'logs:CreateLogStream on <LoaderordersLogs>',
  'logs:PutLogEvents on <LoaderordersLogs>',
  'secretsmanager:GetSecretValue on arn:Partition:secretsmanager:Region:AccountId:secret:doris/loader-??????',
  'sqs:SendMessage on <DeadLettersQueue>',
];

const STREAM = 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders';

const READING = [
  'DescribeStream',
  'DescribeStreamConsumer',
  'DescribeStreamSummary',
  'GetRecords',
  'GetShardIterator',
  'ListShards',
  'ListStreams',
  'SubscribeToShard',
].map((action) => `kinesis:${action} on ${STREAM}`);

const BUCKET = [
  's3:ListBucket on <DeadLettersBucket>',
  's3:PutObject on <DeadLettersBucket>/aws/lambda/*',
  's3:PutObject on <DeadLettersBucket>/dead-letters/*',
];

describe('the role of a loader', () => {
  it('may do this and nothing else', () => {
    expect(permissions(templateOf(settingsWith()))).toEqual([...EVERY_LOADER, ...READING, ...BUCKET].sort());
  });

  it('may not touch a bucket when there is none', () => {
    expect(permissions(templateOf(settingsWith(aLoader(), { deadLetters: { bucket: false } })))).toEqual(
      [...EVERY_LOADER, ...READING, 'sqs:SendMessage on <DeadLettersExpiredBatches>'].sort(),
    );
  });

  it('may subscribe to its own consumer with enhanced fan-out', () => {
    const template = templateOf(settingsWith(aLoader({ source: { enhancedFanOut: true, kplProducers: false } })));

    const more = permissions(template).filter((line) => ![...EVERY_LOADER, ...READING, ...BUCKET].includes(line));
    expect(more).toEqual([
      'kinesis:DescribeStreamConsumer on <LoaderordersConsumer>',
      'kinesis:SubscribeToShard on <LoaderordersConsumer>',
    ]);
  });

  it('may read exactly the secret whose ARN is given, and decrypt it and the stream with their keys', () => {
    const key = (n: number) => `arn:aws:kms:eu-central-1:123456789012:key/${n}`;
    const secretId = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:doris-a1b2c3';
    const loader = aLoader({ source: { encryptionKeyArn: key(1) }, doris: { secretId, secretKeyArn: key(2) } });

    const all = permissions(templateOf(settingsWith(loader)));

    expect(all.filter((line) => /secretsmanager|kms/.test(line))).toEqual([
      `kms:Decrypt on ${key(1)}`,
      `kms:Decrypt on ${key(2)}`,
      `secretsmanager:GetSecretValue on ${secretId}`,
    ]);
  });

  it('may make network interfaces in a VPC, and trace when that is asked for', () => {
    const template = templateOf(settingsWith(aLoader({ function: { xray: true } }), { network: VPC }));

    expect(permissions(template).filter((line) => line.endsWith(' on *'))).toEqual([
      'ec2:AssignPrivateIpAddresses on *',
      'ec2:CreateNetworkInterface on *',
      'ec2:DeleteNetworkInterface on *',
      'ec2:DescribeNetworkInterfaces on *',
      'ec2:DescribeSubnets on *',
      'ec2:UnassignPrivateIpAddresses on *',
      'xray:PutTelemetryRecords on *',
      'xray:PutTraceSegments on *',
    ]);
  });

  it('is for Lambda only', () => {
    templateOf(settingsWith()).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
      },
    });
  });
});

describe('the roles of a loader for Iggy', () => {
  it('may do this and nothing else', () => {
    expect(permissions(templateOf(settingsWith(anIggyLoader())))).toEqual(
      [
        ...EVERY_LOADER.map((line) => line.replace('Loaderorders', 'Loaderquakes')),
        's3:PutObject on <DeadLettersBucket>/dead-letters/*',
        'dynamodb:DeleteItem on <Ledger>',
        'dynamodb:PutItem on <Ledger>',
        'dynamodb:Query on <Ledger>',
        'sqs:ChangeMessageVisibility on <LoaderquakesQueue>',
        'sqs:DeleteMessage on <LoaderquakesQueue>',
        'sqs:GetQueueAttributes on <LoaderquakesQueue>',
        'sqs:GetQueueUrl on <LoaderquakesQueue>',
        'sqs:ReceiveMessage on <LoaderquakesQueue>',
        // The endpoint's.
        'sqs:SendMessage on <LoaderquakesQueue>',
      ].sort(),
    );
  });
});
