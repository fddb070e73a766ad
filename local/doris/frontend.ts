import type { Call, Reply } from './call.ts';
import { json } from './call.ts';
import type { Cluster } from './cluster.ts';
import { frontendRefusal } from './frontend-auth.ts';
import { backendList, bootstrap, count, health, schema } from './frontend-info.ts';
import { cancelLoad, loadInfo, loadState } from './frontend-labels.ts';
import { redirectLoad, redirectTwoPhase } from './frontend-load.ts';
import { runStatement } from './frontend-sql.ts';
import { deliver, strike } from './strike.ts';

type Answer = (cluster: Cluster, call: Call) => Reply | Promise<Reply>;

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (cluster: Cluster, call: Call) => Promise<void>;
}

/** Tables and databases may be empty in a path: Doris then says which one is missing. */
const routes: readonly Route[] = [
  { method: 'PUT', path: /^\/api\/[^/]*\/[^/]*\/_stream_load$/, answer: redirectLoad },
  { method: 'PUT', path: /^\/api\/[^/]+(?:\/[^/]+)?\/_stream_load_2pc$/, answer: redirectTwoPhase },
  { method: 'GET', path: /^\/api\/health$/, answer: open(health) },
  { method: 'GET', path: /^\/api\/bootstrap$/, answer: open(bootstrap) },
  { method: 'GET', path: /^\/api\/backends$/, answer: guarded(backendList) },
  { method: 'GET', path: /^\/api\/[^/]+\/get_load_state$/, answer: askLoadState },
  { method: 'GET', path: /^\/api\/[^/]+\/_load_info$/, answer: guarded(loadInfo) },
  { method: 'POST', path: /^\/api\/[^/]+\/_cancel$/, answer: guarded(cancelLoad) },
  { method: 'GET', path: /^\/api\/[^/]+\/[^/]+\/_schema$/, answer: guarded(schema) },
  { method: 'GET', path: /^\/api\/[^/]+\/[^/]+\/_count$/, answer: guarded(count) },
  { method: 'POST', path: /^\/api\/query\/(?:internal|default_cluster)\/[^/]+$/, answer: guarded(sql) },
];

/** Answers one request at the FE's port. */
export async function serveFrontend(cluster: Cluster, call: Call): Promise<void> {
  const struck = await strike(cluster, call, 'fe.request');
  if (struck.kind !== 'unharmed') return;
  const samePath = routes.filter(({ path }) => path.test(call.rawPath));
  const route = samePath.find(({ method }) => method === call.method);
  if (route !== undefined) return route.answer(cluster, call);
  const status = samePath.length > 0 ? 405 : 404;
  await deliver(
    cluster,
    call,
    'fe.reply',
    json({ status, error: status === 405 ? 'Method Not Allowed' : 'Not Found', path: call.rawPath }, status),
  );
}

function open(answer: Answer): Route['answer'] {
  return async (cluster, call) => deliver(cluster, call, 'fe.reply', await answer(cluster, call));
}

function guarded(answer: Answer): Route['answer'] {
  return open((cluster, call) => frontendRefusal(cluster, call) ?? answer(cluster, call));
}

async function askLoadState(cluster: Cluster, call: Call): Promise<void> {
  const struck = await strike(cluster, call, 'fe.load-state');
  if (struck.kind === 'unharmed') await guarded(loadState)(cluster, call);
}

/** The only FE call that has a body. */
async function sql(cluster: Cluster, call: Call): Promise<Reply> {
  if (call.waitsForContinue) call.response.writeContinue();
  const chunks: Buffer[] = [];
  for await (const chunk of call.request as AsyncIterable<Buffer>) chunks.push(chunk);
  return runStatement(cluster, call, Buffer.concat(chunks));
}
