import type { GivenParts } from '../../local/demo/stack.ts';
import { realDoris } from '../../local/doris/real.ts';
import type { DorisStandIn } from '../../local/doris/run.ts';

/** Why a test is skipped against a real Doris. */
export const NEEDS_STAND_IN = 'scripts what only the stand-in can be told to do, and this is a real Doris';

const {
  LOADER_TEST_DORIS_FE_URL: feUrl,
  LOADER_TEST_DORIS_USER: user = 'root',
  LOADER_TEST_DORIS_PASSWORD: password = '',
  LOADER_TEST_DORIS_REDIRECT_HOSTS: redirectHosts,
  LOADER_TEST_AWS_ENDPOINT: awsEndpoint,
} = process.env;

/** Whether the suites run against a real Doris; `npm run test:containers` sets the variables. */
export const IS_REAL_DORIS = feUrl !== undefined;

/** Hosts to which the FE of a real Doris redirects; the empty policy of the stand-in otherwise. */
export const REDIRECT_HOSTS = redirectHosts ?? '';

/** The real Doris that the suites are to run against, if any. */
export function givenDoris(): DorisStandIn | undefined {
  return feUrl === undefined ? undefined : realDoris({ feUrl, user, password });
}

/** What runs already and takes the place of a part of the local stack; each caller gets an AWS without anything in it. */
export async function givenParts(): Promise<GivenParts> {
  const doris = givenDoris();
  return {
    ...(doris === undefined ? {} : { doris, redirectHosts: REDIRECT_HOSTS }),
    ...(awsEndpoint === undefined ? {} : { aws: await emptyAws(awsEndpoint) }),
  };
}

/** The reset is moto's own. */
async function emptyAws(endpoint: string): Promise<NonNullable<GivenParts['aws']>> {
  await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
  const service = { endpoint, close: async () => undefined };
  return {
    kinesis: service,
    sqs: service,
    dynamoDb: service,
    env: {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_KINESIS: endpoint,
      AWS_ENDPOINT_URL_SQS: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    },
    close: async () => undefined,
  };
}
