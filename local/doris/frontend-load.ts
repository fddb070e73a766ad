import { parseFrontendAuthorization } from './auth.ts';
import { type Call, header, type Reply } from './call.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import type { ActionsAt, Anywhere } from './fault-actions.ts';
import { frontendRefusal } from './frontend-auth.ts';
import { failed, unauthorized } from './frontend-reply.ts';
import { groupCommitMode } from './group-commit.ts';
import { fillLocation, locationOf } from './redirect.ts';
import { deliver, strike } from './strike.ts';

/** `PUT /api/{db}/{table}/_stream_load` at the FE: checks in the order of reference 1.1, then a 307. It never looks at the body. */
export async function redirectLoad(cluster: Cluster, call: Call): Promise<void> {
  const refusal = loadRefusal(cluster, call);
  if (refusal !== undefined) return deliver(cluster, call, 'fe.reply', refusal);
  await redirect(cluster, call, chooseBackend(cluster, call));
}

/** `PUT /api/{db}[/{table}]/_stream_load_2pc` at the FE: any backend may carry it out, and no Expect is asked for (reference 6). */
export async function redirectTwoPhase(cluster: Cluster, call: Call): Promise<void> {
  const refusal = frontendRefusal(cluster, call) ?? twoPhaseRefusal(call);
  if (refusal !== undefined) return deliver(cluster, call, 'fe.reply', refusal);
  await redirect(cluster, call, cluster.nextBackend());
}

/** Validation of `group_commit` comes even before the password (reference 1.1 rows 1 and 2). */
function loadRefusal(cluster: Cluster, call: Call): Reply | undefined {
  const groupCommit = header(call.request, 'group_commit');
  const mode = groupCommit === undefined ? 'off' : groupCommitMode(groupCommit);
  if (mode === undefined) return failed('Header `group_commit` can only be `sync_mode`, `async_mode` or `off_mode`.');
  const early =
    mode === 'async'
      ? targetRefusal(
          cluster,
          call,
          (name) => `database is invalid for dbName: ${name}`,
          (name) => `table is invalid: ${name}`,
        )
      : undefined;
  const refusal = early ?? tokenRefusal(call) ?? frontendRefusal(cluster, call) ?? requestRefusal(call);
  if (refusal !== undefined || mode === 'off') return refusal;
  return targetRefusal(
    cluster,
    call,
    () => 'Database not found.',
    () => 'OlapTable not found.',
  );
}

// The stand-in has no cluster token, so none is right.
function tokenRefusal({ request }: Call): Reply | undefined {
  const token = header(request, 'token');
  return token === undefined ? undefined : unauthorized(`Invalid token: ${token}`);
}

function requestRefusal({ request, place }: Call): Reply | undefined {
  if (request.headers.expect === undefined) return failed('There is no 100-continue header');
  if (place.database === '') return failed('No database selected.');
  return place.table === '' ? failed('No table selected.') : undefined;
}

type Wording = (name: string) => string;

function targetRefusal({ engine }: Cluster, { place }: Call, noDatabase: Wording, noTable: Wording): Reply | undefined {
  if (!engine.hasDatabase(place.database)) return failed(noDatabase(place.database));
  return engine.table(place) === undefined ? failed(noTable(place.table)) : undefined;
}

function twoPhaseRefusal({ request }: Call): Reply | undefined {
  const named = header(request, 'txn_id') !== undefined || header(request, 'label') !== undefined;
  if (!named) return failed('No transaction id or label selected.');
  const operation = header(request, 'txn_operation');
  return operation === undefined ? failed("No transaction operation('commit' or 'abort') selected.") : undefined;
}

/** Round robin; with group commit always the same backend for a table, so that its loads meet (reference 1.2). */
function chooseBackend(cluster: Cluster, call: Call): BackendNode | undefined {
  const mode = groupCommitMode(header(call.request, 'group_commit') ?? 'off_mode');
  if (mode === 'off') return cluster.nextBackend();
  const live = cluster.backends.filter(({ alive }) => alive);
  const { database, table } = call.place;
  const sum = [...`${database}.${table}`].reduce((total, character) => (total * 31 + (character.codePointAt(0) ?? 0)) >>> 0, 7);
  return live[sum % live.length];
}

async function redirect(cluster: Cluster, call: Call, backend: BackendNode | undefined): Promise<void> {
  const struck = await strike(cluster, call, 'fe.redirect');
  if (struck.kind === 'answered') return;
  const fault = struck.kind === 'special' ? struck.action : undefined;
  if (backend === undefined || fault?.kind === 'no-backend') return deliver(cluster, call, 'fe.reply', noBackend(cluster));
  await deliver(cluster, call, 'fe.reply', redirection(cluster, call, backend, fault));
}

type RedirectFault = Exclude<ActionsAt['fe.redirect'], Anywhere | { kind: 'no-backend' }>;

function redirection(cluster: Cluster, call: Call, backend: BackendNode, fault: RedirectFault | undefined): Reply {
  const headers = { 'Content-Type': 'text/html;charset=utf-8' };
  if (fault !== undefined) {
    return {
      status: fault.status ?? 307,
      headers: { ...headers, Location: fillLocation(cluster, backend, call, fault.location) },
      body: '',
    };
  }
  const { hostname } = new URL(backend.listener.url());
  const target = { host: hostname, port: backend.listener.port(), scheme: cluster.tls ? 'https' : 'http' } as const;
  const given = parseFrontendAuthorization(call.request.headers.authorization) ?? cluster.credentials;
  return { status: 307, headers: { ...headers, Location: locationOf(call, target, given, cluster.behaviour.redirectForm) }, body: '' };
}

function noBackend({ behaviour }: Cluster): Reply {
  const policy = 'policy: computeNode=false | query=false | load=true | schedule=false | tags=[] | medium=null';
  return failed(
    behaviour.noBackendText === 'old'
      ? `No backend load available., ${policy}`
      : `No backend available for load, please check the status of your backends., ${policy}, compute group is `,
  );
}
