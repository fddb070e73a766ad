import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkSettings } from '../../infra/settings.ts';
import { anIggyLoader, settingsWith } from './settings-builder.ts';
import { templateOf } from './synthesise.ts';

const METHOD = 'AWS::ApiGateway::Method';
const MAPPING = 'AWS::Lambda::EventSourceMapping';
const QUEUE = 'AWS::SQS::Queue';

let template: Template;
let fifo: Template;
beforeAll(() => {
  template = templateOf(settingsWith(anIggyLoader()));
  fifo = templateOf(settingsWith(anIggyLoader({ source: { queue: 'fifo' } })));
});

/** The template with which the endpoint makes a message of a body of the given type. */
function requestTemplate(of: Template, contentType: string): string {
  const [method] = Object.values(of.findResources(METHOD));
  return method?.['Properties'].Integration.RequestTemplates[contentType];
}

describe('the endpoint of http_sink', () => {
  it('takes POST at its root, with an API key', () => {
    template.hasResourceProperties(METHOD, {
      HttpMethod: 'POST',
      ApiKeyRequired: true,
      ResourceId: { 'Fn::GetAtt': Match.arrayWith(['RootResourceId']) },
    });
    template.resourceCountIs('AWS::ApiGateway::UsagePlanKey', 1);
    const [api] = Object.keys(template.findResources('AWS::ApiGateway::RestApi'));
    const [stage] = Object.keys(template.findResources('AWS::ApiGateway::Stage'));
    template.hasResourceProperties('AWS::ApiGateway::UsagePlan', { ApiStages: [{ ApiId: { Ref: api }, Stage: { Ref: stage } }] });
  });

  it('takes signed requests when that is asked for', () => {
    const signed = templateOf(settingsWith(anIggyLoader({ source: { auth: 'iam' } })));
    signed.hasResourceProperties(METHOD, { AuthorizationType: 'AWS_IAM', ApiKeyRequired: false });
    signed.resourceCountIs('AWS::ApiGateway::ApiKey', 0);
  });

  it.each(['application/json', 'application/x-ndjson', 'application/octet-stream'])('makes a message of a body of %s', (contentType) => {
    expect(requestTemplate(template, contentType)).toMatch(/^Action=SendMessage&MessageBody=\$util\.urlEncode\(\$input\.body\)/);
  });

  it('refuses any other type, instead of handing it to SQS as it is', () => {
    template.hasResourceProperties(METHOD, { Integration: { PassthroughBehavior: 'NEVER' } });
  });

  it('makes base64 text of bytes, and says so in the message', () => {
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { BinaryMediaTypes: ['application/octet-stream'] });
    template.hasResourceProperties(METHOD, { Integration: { ContentHandling: 'CONVERT_TO_TEXT' } });
    expect(requestTemplate(template, 'application/octet-stream')).toContain(
      '&MessageAttribute.1.Name=content_encoding&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=base64',
    );
  });

  it('answers success only when SQS did', () => {
    const [method] = Object.values(template.findResources(METHOD));
    const answers: { SelectionPattern?: string; StatusCode: string }[] = method?.['Properties'].Integration.IntegrationResponses;
    const answerTo = (status: string): string | undefined =>
      answers.find(({ SelectionPattern = '.*' }) => new RegExp(`^(?:${SelectionPattern})$`).test(status))?.StatusCode;

    expect(['200', '400', '403', '500', '503', '302', ''].map(answerTo)).toEqual(['200', '503', '503', '502', '502', '502', '502']);
  });

  it('lets http_sink drop only what SQS says of the message itself, and repeat whatever else SQS refuses', () => {
    const blamed = ['InvalidMessageContents', 'InvalidParameterValue', 'MissingParameter'];
    const condition = blamed.map((code) => `$input.body.contains("${code}")`).join(' || ');
    template.hasResourceProperties(METHOD, {
      Integration: {
        IntegrationResponses: Match.arrayWith([
          Match.objectLike({
            StatusCode: '503',
            ResponseTemplates: { 'application/json': `#if(${condition})#set($context.responseOverride.status = 400)#end$input.body` },
          }),
        ]),
      },
    });
  });

  it('is limited to the rate of the settings', () => {
    const limited = templateOf(settingsWith(anIggyLoader({ source: { requestsPerSecond: 50 } })));
    limited.hasResourceProperties('AWS::ApiGateway::Stage', { MethodSettings: [Match.objectLike({ ThrottlingRateLimit: 50 })] });
  });

  it('takes no more than SQS does of one group, where the queue is FIFO and nothing else is said', () => {
    const rate = (ThrottlingRateLimit: number) => ({ MethodSettings: [Match.objectLike({ ThrottlingRateLimit })] });
    template.hasResourceProperties('AWS::ApiGateway::Stage', rate(500));
    fifo.hasResourceProperties('AWS::ApiGateway::Stage', rate(300));
  });
});

describe('the queue for Iggy', () => {
  it('hides a message for six times as long as the function may take, and the longest window that its parameter takes', () => {
    template.hasParameter('QuakesBatchWindow', { MaxValue: 300, Default: 5 });
    template.hasResourceProperties(QUEUE, { VisibilityTimeout: 6 * 180 + 300 });
    fifo.hasResourceProperties(QUEUE, { FifoQueue: true, VisibilityTimeout: 6 * 180 });
  });

  it('keeps messages for 14 days, encrypted', () => {
    template.allResourcesProperties(QUEUE, { MessageRetentionPeriod: 14 * 24 * 3600, SqsManagedSseEnabled: true });
  });

  it('never moves messages away for having been received often', () => {
    template.allResourcesProperties(QUEUE, { RedrivePolicy: Match.absent() });
  });

  it('as FIFO absorbs a body that is sent again, and keeps the order of a group', () => {
    fifo.hasResourceProperties(QUEUE, { FifoQueue: true, ContentBasedDeduplication: true });
    expect(requestTemplate(fifo, 'application/json')).toMatch(
      /&MessageGroupId=#if\(.*x-message-group.* == ''\)iggy#else\$util\.urlEncode\(.*x-message-group.*\)#end$/,
    );
  });

  it('as FIFO has the rate of SQS for each group, not for all of them together', () => {
    fifo.hasResourceProperties(QUEUE, { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' });
    template.allResourcesProperties(QUEUE, { DeduplicationScope: Match.absent() });
  });

  it('as FIFO takes equal bodies for two messages when they have no positions', () => {
    const bare = templateOf(settingsWith(anIggyLoader({ source: { queue: 'fifo', bodies: 'bare', bareSource: 'geo/quakes' } })));
    bare.hasResourceProperties(QUEUE, { FifoQueue: true, ContentBasedDeduplication: false });
    expect(requestTemplate(bare, 'application/json')).toContain('&MessageDeduplicationId=$context.requestId');
  });
});

describe('the mapping between queue and function', () => {
  it('answers with the messages that have to come again', () => {
    template.hasResourceProperties(MAPPING, { FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });

  it('has batch, window and concurrency as infra parameters', () => {
    template.hasParameter('QuakesMaximumConcurrency', { MinValue: 2, MaxValue: 1000, Default: 10 });
    template.hasResourceProperties(MAPPING, {
      BatchSize: { Ref: 'QuakesBatchSize' },
      MaximumBatchingWindowInSeconds: { Ref: 'QuakesBatchWindow' },
      ScalingConfig: { MaximumConcurrency: { Ref: 'QuakesMaximumConcurrency' } },
      Enabled: { Ref: 'QuakesEnabled' },
    });
  });

  it('never starts more invocations than are reserved for the function, whatever the parameter is turned to', () => {
    const reserved = templateOf(settingsWith(anIggyLoader({ function: { reservedConcurrency: 20 } })));
    reserved.hasParameter('QuakesMaximumConcurrency', { MinValue: 2, MaxValue: 20, Default: 10 });
  });

  it('brings ten messages of a FIFO queue at most, without a window', () => {
    fifo.hasParameter('QuakesBatchSize', { MaxValue: 10, Default: 10 });
    fifo.hasResourceProperties(MAPPING, { MaximumBatchingWindowInSeconds: Match.absent() });
  });
});

describe('settings of a queue that AWS would refuse, or that would lose records', () => {
  const refused = (changes: Readonly<Record<string, object>>) => expect(() => checkSettings(settingsWith(anIggyLoader(changes))));

  it('are refused with the reason', () => {
    refused({ source: { queue: 'fifo' }, batch: { size: 11 } }).toThrow('Lambda takes 10 messages of a FIFO queue at most');
    refused({ source: { queue: 'fifo' }, batch: { windowSeconds: 5 } }).toThrow('Lambda knows no window for a FIFO queue');
    refused({ function: { reservedConcurrency: 5 } }).toThrow('messages would be received and thrown back');
    refused({ source: { outageBudgetHours: 336 } }).toThrow('source.outageBudgetHours: must be whole number from 1 to 335 (given 336)');
  });
});
