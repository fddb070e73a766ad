import { setTimeout as sleep } from 'node:timers/promises';
import { GenericContainer, Network, type StartedTestContainer, Wait } from 'testcontainers';
import { type RealDoris, realDoris } from '../../local/doris/real.ts';

/** A Doris of one frontend and one backend in containers. */
export interface DorisCluster extends RealDoris {
  /** Where the frontend redirects to. */
  readonly redirectHosts: string;
  stop(): Promise<void>;
}

const FE_HTTP = 8030;
const BE_HTTP = 8040;
const USER = 'loader';
const PASSWORD = 'local-only';
const STARTED_WITHIN_MS = 300_000;

/**
 * Starts the images `apache/doris:fe-{version}` and `be-{version}`. Both nodes register under the address that they have in the network of
 * the containers, which is where the frontend redirects to: reachable from a Linux host, not through Docker Desktop.
 */
export async function startDorisCluster(version: string): Promise<DorisCluster> {
  const network = await new Network().start();
  const started: StartedTestContainer[] = [];
  const stop = async (): Promise<void> => {
    for (const container of started.toReversed()) await container.stop();
    await network.stop();
  };
  try {
    const frontend = await nodeOf(`apache/doris:fe-${version}`, FE_HTTP, '/api/bootstrap')
      .withNetwork(network)
      .withEnvironment({ FE_ID: '1' })
      .withCommand([`${heap('fe', 1024)}; FE_SERVERS="fe1:$(hostname -i):9010" exec bash /usr/local/bin/init_fe.sh`])
      .start();
    started.push(frontend);
    const feAddress = frontend.getIpAddress(network.getName());
    const backend = await nodeOf(`apache/doris:be-${version}`, BE_HTTP, '/api/health')
      .withNetwork(network)
      // Of the checks of the host's limits that only production needs.
      .withEnvironment({ FE_SERVERS: `fe1:${feAddress}:9010`, SKIP_CHECK_ULIMIT: 'true' })
      .withCommand([`${heap('be', 512)}; BE_ADDR="$(hostname -i):9050" exec bash /usr/local/bin/entry_point.sh`])
      .start();
    started.push(backend);
    const feUrl = `http://${feAddress}:${FE_HTTP}`;
    await untilBackendIsAlive(feUrl);
    await createUser(feUrl);
    return { feUrl, user: USER, password: PASSWORD, redirectHosts: backend.getIpAddress(network.getName()), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function nodeOf(image: string, port: number, path: string): GenericContainer {
  return new GenericContainer(image)
    .withEntrypoint(['bash', '-c'])
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forHttp(path, port).forStatusCode(200))
    .withStartupTimeout(STARTED_WITHIN_MS);
}

/** The images ask for eight gigabytes by themselves. */
function heap(node: 'fe' | 'be', megabytes: number): string {
  return `sed -i 's/-Xm\\([sx]\\)[0-9]*m/-Xm\\1${megabytes}m/g' /opt/apache-doris/${node}/conf/${node}.conf`;
}

/** root has no password in a new cluster. */
const ROOT = { user: 'root', password: '' } as const;

async function untilBackendIsAlive(feUrl: string): Promise<void> {
  const end = performance.now() + STARTED_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${feUrl}/api/backends?is_alive=true`, {
      headers: { authorization: `Basic ${Buffer.from(`${ROOT.user}:${ROOT.password}`).toString('base64')}` },
    });
    const { data } = (await response.json()) as { readonly data: { readonly backends?: readonly object[] } };
    if ((data.backends ?? []).length > 0) return;
    if (performance.now() > end) throw new Error(`no backend of ${feUrl} came alive within ${STARTED_WITHIN_MS / 1000} s`);
    await sleep(1000);
  }
}

async function createUser(feUrl: string): Promise<void> {
  const root = realDoris({ feUrl, ...ROOT });
  await root.query(`CREATE USER '${USER}' IDENTIFIED BY '${PASSWORD}'`);
  await root.query(`GRANT ALL ON *.*.* TO '${USER}'`);
}
