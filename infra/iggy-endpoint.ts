import { CfnOutput, Stack } from 'aws-cdk-lib';
import {
  AuthorizationType,
  AwsIntegration,
  CfnApiKey,
  CfnUsagePlan,
  CfnUsagePlanKey,
  ContentHandling,
  EndpointType,
  type IntegrationResponse,
  PassthroughBehavior,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { nameInTemplate } from './name-in-template.ts';
import { except } from './rules.ts';
import type { Loader } from './settings.ts';
import type { IggySource } from './source-settings.ts';

/** http_sink sends its modes under these types; anything else is answered with 415. Bytes come as base64 text and say so. */
const SEND_BODY = 'Action=SendMessage&MessageBody=$util.urlEncode($input.body)';
const SAY_BASE64 =
  '&MessageAttribute.1.Name=content_encoding&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=base64';

/** SQS takes 300 messages a second of one group of a FIFO queue when they come one by one; more would be refused behind the endpoint. */
const REQUESTS_PER_SECOND = { standard: 500, fifo: 300 } as const satisfies Record<IggySource['queue'], number>;

/**
 * An HTTPS endpoint, `POST /`, that puts the body of a request into the queue, verbatim. Answers success only when SQS took the message.
 * What SQS says of the message itself is 400, which http_sink does not repeat. Anything else may pass, a missing permission too: 503 or 502,
 * which it does.
 */
export function iggyEndpoint(scope: Construct, loader: Loader, source: IggySource, queue: Queue): RestApi {
  const rate = source.requestsPerSecond ?? REQUESTS_PER_SECOND[source.queue];
  const api = new RestApi(scope, 'Endpoint', {
    restApiName: `${Stack.of(scope).stackName}-${loader.name}`,
    description: `Takes what http_sink sends for ${loader.name}`,
    endpointTypes: [EndpointType.REGIONAL],
    binaryMediaTypes: ['application/octet-stream'],
    cloudWatchRole: false,
    deployOptions: { stageName: 'v1', throttlingRateLimit: rate, throttlingBurstLimit: rate },
  });
  const method = api.root.addMethod('POST', sendMessage(scope, loader, source, queue), {
    apiKeyRequired: source.auth === 'api-key',
    authorizationType: source.auth === 'iam' ? AuthorizationType.IAM : AuthorizationType.NONE,
    methodResponses: ['200', '400', '502', '503'].map((statusCode) => ({ statusCode })),
  });
  if (source.auth === 'api-key') requireKey(scope, loader, api);
  except(api.deploymentStage, 'APIG1', 'Access logs need a role that is set for the whole account; messages of the queue tell what came.');
  except(
    api.deploymentStage,
    'APIG3',
    'Only holders of the key or signers of the account get through, at a limited rate; bodies are data, not pages.',
  );
  except(api.deploymentStage, 'APIG6', 'Its logs need a role that is set for the whole account, and would hold payloads.');
  except(api, 'APIG2', 'The function checks bodies, and keeps those that fit no shape as dead letters instead of refusing them.');
  except(method, 'APIG4', 'http_sink cannot sign requests: an API key is what it can send. auth: iam asks for signatures.');
  except(method, 'COG4', 'Senders are connectors, not people with accounts.');
  return api;
}

function requireKey(scope: Construct, loader: Loader, api: RestApi): void {
  const key = new CfnApiKey(scope, 'Key', { enabled: true, description: 'Sent by http_sink in the header x-api-key' });
  const plan = new CfnUsagePlan(scope, 'Plan', { apiStages: [{ apiId: api.restApiId, stage: api.deploymentStage.stageName }] });
  new CfnUsagePlanKey(scope, 'PlanKey', { keyId: key.attrApiKeyId, keyType: 'API_KEY', usagePlanId: plan.attrId });
  new CfnOutput(Stack.of(scope), nameInTemplate(loader, 'ApiKey'), {
    value: key.attrApiKeyId,
    description: 'Id of the API key: aws apigateway get-api-key --include-value --api-key ID',
  });
}

function sendMessage(scope: Construct, loader: Loader, source: IggySource, queue: Queue): AwsIntegration {
  const role = new Role(scope, 'EndpointRole', { assumedBy: new ServicePrincipal('apigateway.amazonaws.com') });
  queue.grant(role, 'sqs:SendMessage');
  const message = (attributes = ''): string =>
    source.queue === 'fifo' ? inGroup(loader, `${SEND_BODY}${attributes}`) : `${SEND_BODY}${attributes}`;
  return new AwsIntegration({
    service: 'sqs',
    path: `${Stack.of(scope).account}/${queue.queueName}`,
    integrationHttpMethod: 'POST',
    options: {
      credentialsRole: role,
      passthroughBehavior: PassthroughBehavior.NEVER,
      contentHandling: ContentHandling.CONVERT_TO_TEXT,
      requestParameters: { 'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'" },
      requestTemplates: {
        'application/json': message(),
        'application/x-ndjson': message(),
        'application/octet-stream': message(SAY_BASE64),
      },
      integrationResponses: ANSWERS,
    },
  });
}

const GROUP = "$input.params('x-message-group')";

/** The group is the header that a sink may be configured with, or one for all. */
function inGroup({ environment }: Loader, message: string): string {
  // Without positions in the body two equal bodies may be two messages: then only the request tells them apart.
  const once = environment.config.iggy.bodies === 'envelope' ? '' : '&MessageDeduplicationId=$context.requestId';
  // No letter may follow a directive directly: Velocity would read it as part of the directive.
  return `${message}&MessageGroupId=#if(${GROUP} == '')iggy#else$util.urlEncode(${GROUP})#end${once}`;
}

/** Errors of SQS that are the message's own: too long, characters or a group that it does not take, no body at all. */
const FAULTS_OF_A_MESSAGE = ['InvalidMessageContents', 'InvalidParameterValue', 'MissingParameter'];
const BLAMED = FAULTS_OF_A_MESSAGE.map((code) => `$input.body.contains("${code}")`).join(' || ');

/** By the status of SQS. The answer without a pattern is for everything else: it must never be a success. */
const ANSWERS: IntegrationResponse[] = [
  { selectionPattern: '2\\d{2}', statusCode: '200' },
  {
    selectionPattern: '4\\d{2}',
    // Not the other way round: what the template does not know is repeated, never dropped.
    statusCode: '503',
    responseTemplates: {
      'application/json': `#if(${BLAMED})#set($context.responseOverride.status = 400)#end$input.body`,
    },
  },
  { statusCode: '502' },
];
