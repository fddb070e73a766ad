import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers';
import { startDorisCluster } from './doris-cluster.ts';

/** One release of each line that the loader is written for; others as arguments. */
const VERSIONS = ['2.1.11', '3.1.4', '4.0.6'];
const MOTO = 'motoserver/moto:5.1.22';
const MOTO_PORT = 5000;
const SUITES = [
  'test/end-to-end/kinesis-loader.test.ts',
  'test/end-to-end/silent-aws.test.ts',
  'test/lib/doris/stand-in.test.ts',
  'test/lib/doris/packing.test.ts',
  'test/chaos',
];

const versions = process.argv.length > 2 ? process.argv.slice(2) : VERSIONS;
const wrong = versions.find((version) => !/^\d+\.\d+\.\d+$/.test(version));
if (wrong !== undefined) {
  process.stderr.write(`versions of Doris are written as ${VERSIONS.join(', ')} (given ${wrong})\n`);
  process.exitCode = 2;
} else if (await dockerAnswers()) process.exitCode = await runAll(versions);
else process.stdout.write('skipped: no Docker answers, and the suites against real Doris run in containers\n');

async function dockerAnswers(): Promise<boolean> {
  try {
    await getContainerRuntimeClient();
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Could not find a working container runtime')) return false;
    throw error;
  }
}

/** @returns 0 when the suites pass against every version */
async function runAll(versions: readonly string[]): Promise<number> {
  const moto = await new GenericContainer(MOTO)
    .withExposedPorts(MOTO_PORT)
    .withWaitStrategy(Wait.forHttp('/moto-api/', MOTO_PORT).forStatusCode(200))
    .start();
  try {
    const awsEndpoint = `http://${moto.getHost()}:${moto.getMappedPort(MOTO_PORT)}`;
    let worst = 0;
    for (const version of versions) worst = Math.max(worst, await runAgainst(version, awsEndpoint));
    return worst;
  } finally {
    await moto.stop();
  }
}

/** The suites share the cluster and the AWS, so one file runs after the other. */
async function runAgainst(version: string, awsEndpoint: string): Promise<number> {
  process.stdout.write(`\nDoris ${version}: starting\n`);
  const { feUrl, user, password, redirectHosts, stop } = await startDorisCluster(version);
  try {
    const args = ['vitest', 'run', '--config', 'test/vitest.config.ts', '--no-file-parallelism', '--reporter=verbose', ...SUITES];
    const suites = spawn('npx', args, {
      stdio: 'inherit',
      env: {
        ...process.env,
        LOADER_TEST_DORIS_FE_URL: feUrl,
        LOADER_TEST_DORIS_USER: user,
        LOADER_TEST_DORIS_PASSWORD: password,
        LOADER_TEST_DORIS_REDIRECT_HOSTS: redirectHosts,
        LOADER_TEST_AWS_ENDPOINT: awsEndpoint,
      },
    });
    const [code] = (await once(suites, 'exit')) as [number | null];
    process.stdout.write(`Doris ${version}: ${code === 0 ? 'passed' : 'failed'}\n`);
    return code ?? 1;
  } finally {
    await stop();
  }
}
