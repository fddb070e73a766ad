import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkMapping } from '../../lib/doctor/mapping.ts';
import { aLoader, settingsWith } from './settings-builder.ts';
import { templateOf } from './synthesise.ts';

const MAPPING = 'AWS::Lambda::EventSourceMapping';
const FUNCTION = 'AWS::Lambda::Function';

describe('a loader of an existing stream', () => {
  let template: Template;
  beforeAll(() => {
    template = templateOf(settingsWith());
  });

  it('answers with the records that have to come again', () => {
    template.hasResourceProperties(MAPPING, { FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });

  it('reads each shard in one lane', () => {
    template.hasResourceProperties(MAPPING, { ParallelizationFactor: 1 });
  });

  it('tries a record until the stream forgets it', () => {
    template.hasResourceProperties(MAPPING, { MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: Match.absent() });
  });

  it('does not halve batches, and filters nothing', () => {
    template.hasResourceProperties(MAPPING, { BisectBatchOnFunctionError: false, FilterCriteria: Match.absent() });
  });

  it('is fed as doctor wants it', () => {
    const [mapping] = Object.values(template.findResources(MAPPING));

    expect(checkMapping(mapping?.['Properties'])).toEqual([expect.objectContaining({ verdict: 'ok' })]);
  });

  it('begins with the oldest record that the stream has', () => {
    template.hasResourceProperties(MAPPING, { StartingPosition: 'TRIM_HORIZON' });
  });

  it('leaves the stream as it is', () => {
    template.resourceCountIs('AWS::Kinesis::Stream', 0);
    template.hasResourceProperties(MAPPING, { EventSourceArn: 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders' });
  });

  it('reports batches that Lambda gave up to the bucket', () => {
    const [bucket] = Object.keys(template.findResources('AWS::S3::Bucket'));
    template.hasResourceProperties(MAPPING, { DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [bucket, 'Arn'] } } } });
  });

  it('runs the bundle on Node 24, arm64', () => {
    template.hasResourceProperties(FUNCTION, { Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
  });

  it('tells every function of it how long the loader itself may take', () => {
    template.allResourcesProperties(FUNCTION, { Environment: { Variables: { FUNCTION_TIMEOUT_SECONDS: '180' } } });
    template.hasResourceProperties(FUNCTION, { Description: 'Loads orders into Doris', Timeout: 180 });
  });

  it('is named by an output, for those who look at it with the command line', () => {
    const [loader] = Object.keys(template.findResources(FUNCTION, { Properties: { Description: 'Loads orders into Doris' } }));
    template.hasOutput('OrdersFunction', { Value: { Ref: loader } });
  });

  it('is traced only when that is asked for', () => {
    template.hasResourceProperties(FUNCTION, { TracingConfig: Match.absent() });
  });

  it('has no password in its template', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/DORIS_PASSWORD|DORIS_USER/);
  });

  it('keeps its logs for 30 days', () => {
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });
});

describe('the redrive of a loader', () => {
  it('runs on demand only, and is not repeated when it fails', () => {
    const template = templateOf(settingsWith());
    template.resourceCountIs('AWS::Events::Rule', 0);
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
    template.hasOutput('OrdersRedrive', { Value: { Ref: Match.stringLikeRegexp('RedriveFunction') } });
  });

  it('runs every few hours when that is asked for, over letters and over what Lambda gave up of this loader', () => {
    const template = templateOf(settingsWith(aLoader({ redrive: { everyHours: 6, lettersPerSecond: 50 } })));
    const [rule] = Object.values(template.findResources('AWS::Events::Rule'));

    expect(rule?.['Properties'].ScheduleExpression).toBe('rate(6 hours)');
    const inputs: unknown[] = rule?.['Properties'].Targets.map(({ Input }: { Input: unknown }) => JSON.stringify(Input));
    expect(inputs).toEqual([
      JSON.stringify('{"rate":50}'),
      expect.stringMatching(/from.*s3:\/\/.*DeadLettersBucket.*\/aws\/lambda\/.*LoaderordersFunctionKinesis/),
    ]);
  });
});

describe('infra parameters', () => {
  let template: Template;
  beforeAll(() => {
    template = templateOf(settingsWith({ ...aLoader({ batch: { size: 500, windowSeconds: 20 } }), name: 'web-orders' }));
  });

  it('set the batch, 1 to 10000 records within 1 to 300 seconds, by default as in the settings', () => {
    template.hasParameter('WebOrdersBatchSize', { Type: 'Number', MinValue: 1, MaxValue: 10_000, Default: 500 });
    template.hasParameter('WebOrdersBatchWindow', { Type: 'Number', MinValue: 1, MaxValue: 300, Default: 20 });
    template.hasResourceProperties(MAPPING, {
      BatchSize: { Ref: 'WebOrdersBatchSize' },
      MaximumBatchingWindowInSeconds: { Ref: 'WebOrdersBatchWindow' },
    });
  });

  it('set the memory, never below what the largest batch needs', () => {
    // Twice the 128 MiB of limits.maxBatchBytes, and 192 MB for Node.
    template.hasParameter('WebOrdersMemory', { Type: 'Number', MinValue: 448, MaxValue: 10_240, Default: 1024 });
    template.hasResourceProperties(FUNCTION, { MemorySize: { Ref: 'WebOrdersMemory' } });
  });

  it('set the log level', () => {
    template.hasParameter('WebOrdersLogLevel', { AllowedValues: ['DEBUG', 'INFO', 'WARN', 'ERROR'], Default: 'INFO' });
    template.hasResourceProperties(FUNCTION, { Environment: { Variables: { POWERTOOLS_LOG_LEVEL: { Ref: 'WebOrdersLogLevel' } } } });
  });

  it('pause the mapping', () => {
    template.hasParameter('WebOrdersEnabled', { AllowedValues: ['true', 'false'], Default: 'true' });
    template.allResourcesProperties(MAPPING, { Enabled: { Ref: 'WebOrdersEnabled' } });
  });

  it('explain themselves', () => {
    const parameters = Object.entries(template.findParameters('WebOrders*'));
    expect(parameters.filter(([, { Description }]) => Description === undefined)).toEqual([]);
  });
});

describe('a loader with options', () => {
  it('reads over a consumer of its own with enhanced fan-out', () => {
    const template = templateOf(settingsWith(aLoader({ source: { enhancedFanOut: true, kplProducers: false } })));
    const [consumer] = Object.keys(template.findResources('AWS::Kinesis::StreamConsumer'));
    template.hasResourceProperties(MAPPING, { EventSourceArn: { 'Fn::GetAtt': [consumer, 'ConsumerARN'] } });
  });

  it('halves batches when that is asked for', () => {
    templateOf(settingsWith(aLoader({ source: { halveOnError: true } }))).hasResourceProperties(MAPPING, {
      BisectBatchOnFunctionError: true,
    });
  });

  it('creates its stream, encrypted, with the shards and the retention of the settings', () => {
    const source = { kind: 'new-kinesis-stream', shards: 4, retentionHours: 72 };
    templateOf(settingsWith({ ...aLoader(), source })).hasResourceProperties('AWS::Kinesis::Stream', {
      ShardCount: 4,
      RetentionPeriodHours: 72,
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
    });
  });

  it('creates an on-demand stream without shards', () => {
    const template = templateOf(settingsWith({ ...aLoader(), source: { kind: 'new-kinesis-stream' } }));
    template.hasResourceProperties('AWS::Kinesis::Stream', { StreamModeDetails: { StreamMode: 'ON_DEMAND' }, ShardCount: Match.absent() });
  });

  it('reports batches that Lambda gave up to a queue of their own when there is no bucket', () => {
    const template = templateOf(settingsWith(aLoader(), { deadLetters: { bucket: false } }));
    const [expired] = Object.keys(template.findResources('AWS::SQS::Queue')).filter((id) => id.includes('Expired'));
    template.hasResourceProperties(MAPPING, { DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [expired, 'Arn'] } } } });
    template.hasResourceProperties(FUNCTION, { Environment: { Variables: { DEAD_LETTER_BUCKET: Match.absent() } } });
  });

  it('is traced, keeps concurrency and logs as long as it is told', () => {
    const template = templateOf(settingsWith(aLoader({ function: { xray: true, reservedConcurrency: 8, logRetentionDays: 90 } })));
    template.hasResourceProperties(FUNCTION, { TracingConfig: { Mode: 'Active' }, ReservedConcurrentExecutions: 8 });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
  });
});
