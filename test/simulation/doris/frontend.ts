import type { Answer, Question } from '../../../lib/doris/question.ts';
import { oneOf } from '../random.ts';
import { DATABASE, numberOf } from '../truth.ts';
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
export function answerOf(world: World, cluster: Cluster, { url, post }: Question): Extract<Answer, { kind: 'answer' }> {
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
  if (pathname.endsWith('/_schema'))
    return permitted(world, () => ({ status: 200, keysType: MODELS[world.scenario.model], properties: [] }));
  if (pathname.startsWith('/api/query/')) return permitted(world, () => ({ type: 'result_set', data: [[countOf(world, cluster, post)]] }));
  return { kind: 'answer', status: 404, location: undefined, text: '' };
}

const MODELS = { duplicate: 'DUP_KEYS', unique: 'UNIQUE_KEYS' };

function permitted({ scenario }: World, data: () => unknown): Extract<Answer, { kind: 'answer' }> {
  return ok(
    scenario.mayAsk ? frontendAnswer(data()) : frontendAnswer('Access denied; you need (at least one of) the (SELECT) privilege(s)', 1),
  );
}

/** `SELECT COUNT(*)` over a span of positions; no shard has numbers of another. */
function countOf({ truth }: World, { visible }: Cluster, post: string | undefined): number {
  const [, table = ''] = /FROM `(\w+)`/.exec(post ?? '') ?? [];
  const [, first = '', last = ''] = /BETWEEN '([^']*)' AND '([^']*)'/.exec(post ?? '') ?? [];
  const [lowest, highest] = [numberAt(first), numberAt(last)];
  return [...visible].filter((n) => {
    const inSpan = n >= lowest && n <= highest;
    return inSpan && truth.records.get(n)?.target === `${DATABASE}.${table}`;
  }).length;
}

/** Positions are padded with zeros; the empty text sorts before all, and one that ends with `~` before the position whose last digit is one more. */
function numberAt(text: string): number {
  if (text === '') return -1;
  if (!text.endsWith('~')) return numberOf(text.replace(/^0+/, ''));
  const last = text.length - 2;
  return numberAt(text.slice(0, last) + String.fromCharCode(text.charCodeAt(last) + 1)) - 1;
}

function backendEntry(host: string): object {
  const [ip, port] = host.split(':');
  return { ip, http_port: Number(port), is_alive: true };
}

function ok(text: string): Extract<Answer, { kind: 'answer' }> {
  return { kind: 'answer', status: 200, location: undefined, text };
}
