import type { Answer, Question } from '../../../lib/doris/question.ts';
import { oneOf } from '../random.ts';
import type { World } from '../world.ts';
import { BACKENDS, type Cluster } from './cluster.ts';
import { frontendAnswer } from './replies.ts';

/** The user and password that Doris puts into Location in clear (reference 1.2). */
const USERINFO = 'loader:secret@';

/** Where a frontend sends a load; until 4.0 the address ends in a question mark. */
export function redirectToBackend(cluster: Cluster, url: URL): string {
  return `http://${USERINFO}${oneOf(cluster.actor.draw, BACKENDS)}${url.pathname}?`;
}

/** What a node answers to a GET or POST (reference 5, 7, 8). */
export function answerOf(world: World, cluster: Cluster, { url }: Question): Extract<Answer, { kind: 'answer' }> {
  const master = cluster.master();
  const { pathname, searchParams } = url;
  if (pathname.endsWith('/get_load_state')) {
    if (url.host !== master) {
      return { kind: 'answer', status: 307, location: `http://${USERINFO}${master}${pathname}${url.search}`, text: '' };
    }
    const state = cluster.transactions.latest(searchParams.get('label') ?? '')?.state ?? 'UNKNOWN';
    world.trace(master, () => `label ${searchParams.get('label')} is ${state}`);
    return ok(frontendAnswer(state));
  }
  if (pathname === '/api/backends') return ok(frontendAnswer({ backends: BACKENDS.map(backendEntry) }));
  if (pathname === '/api/_load_error_log') return ok('Reason: column(n) value is incorrect while strict mode is true. src line [{}]; \n');
  return { kind: 'answer', status: 404, location: undefined, text: '' };
}

function backendEntry(host: string): object {
  const [ip, port] = host.split(':');
  return { ip, http_port: Number(port), is_alive: true };
}

function ok(text: string): Extract<Answer, { kind: 'answer' }> {
  return { kind: 'answer', status: 200, location: undefined, text };
}
