import type { Deadline } from '../deadline.ts';
import type { Inspector, ListedBackend } from '../doris/inspector.ts';
import { type Finding, fault, ok, passes, warning } from './finding.ts';
import { checkNetwork, type Reaching } from './network.ts';

/** Password, backend list, and every backend: whether it lives, may get the credentials and can be reached. */
export async function checkFrontend(
  frontend: URL,
  inspector: Pick<Inspector, 'backends'>,
  reaching: Reaching,
  deadline: Deadline,
): Promise<readonly Finding[]> {
  const told = await inspector.backends(frontend, deadline);
  if (told.kind !== 'told') return [refusalOf(frontend, told.reason)];
  const findings: Finding[] = [ok('fe-auth', frontend.host, 'takes user and password')];
  if (!told.value.some(({ alive }) => alive))
    findings.push(
      fault(
        'backends',
        frontend.host,
        `none of its ${told.value.length} backends is alive`,
        'start a backend; SHOW BACKENDS on the frontend says what they lack',
      ),
    );
  for (const backend of told.value) findings.push(...(await checkBackend(backend, reaching)));
  return findings;
}

function refusalOf(frontend: URL, reason: string): Finding {
  if (reason.startsWith('code 401'))
    return fault(
      'fe-auth',
      frontend.host,
      reason,
      'correct DORIS_USER and DORIS_PASSWORD, or what the secret of DORIS_SECRET_ID holds; the user must be allowed from this address',
    );
  return fault(
    'fe-auth',
    frontend.host,
    `does not answer as a Doris frontend: ${reason}`,
    "DORIS_FE_URLS takes the frontends' HTTP port (http_port, 8030 as a rule), not the MySQL port",
  );
}

async function checkBackend({ url, alive, objection }: ListedBackend, reaching: Reaching): Promise<readonly Finding[]> {
  if (!alive) return [warning('backend', url.host, 'is not alive for the frontend', 'start it, or take it out of the cluster')];
  if (objection !== undefined)
    return [
      fault(
        'redirect',
        url.host,
        objection,
        'allow the host, or map its address with DORIS_BACKEND_ADDRESSES; loads that are redirected there wait',
      ),
    ];
  const network = await checkNetwork(url, reaching);
  if (passes(network)) return [ok('backend', url.host, 'is alive, allowed and reached')];
  const why = network.at(-1)?.what ?? '';
  return [
    fault(
      'backend',
      url.host,
      `the frontend redirects loads there, and it cannot be reached: ${why}`,
      'open its HTTP port (webserver_port, 8040 as a rule) to the function, or say under which address it is reached in DORIS_BACKEND_ADDRESSES',
    ),
  ];
}
