import { accessRefusal, parseFrontendAuthorization } from './auth.ts';
import type { Call, Reply } from './call.ts';
import type { Cluster } from './cluster.ts';
import { unauthorized } from './frontend-reply.ts';

/** The FE's password check, HTTP 200 with inner code 401 (reference 1.1 row 5). @returns undefined when it passes */
export function frontendRefusal(cluster: Cluster, { request }: Call): Reply | undefined {
  const given = parseFrontendAuthorization(request.headers.authorization);
  if (given === undefined) return unauthorized('Need auth information.');
  const denied = accessRefusal(given, cluster.credentials, request.socket.remoteAddress ?? '');
  return denied === undefined ? undefined : unauthorized(denied);
}
