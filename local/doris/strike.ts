import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Call, Reply } from './call.ts';
import type { Cluster } from './cluster.ts';
import type { ActionsAt, Anywhere, FaultPoint, Mangle } from './fault-actions.ts';
import { backendFarewell, bytesOf, type Farewell, finish, frontendFarewell, send } from './send.ts';

const GARBAGE_CHUNK = Buffer.alloc(64 * 1024, '\u00fe{"');

/** What a fault made of a request. */
export type Struck<Special> =
  | { readonly kind: 'unharmed' }
  /** The fault answered, or made sure that nobody ever will. */
  | { readonly kind: 'answered' }
  /** For the caller, who knows the point. */
  | { readonly kind: 'special'; readonly action: Special };

type SpecialAt = { readonly [P in FaultPoint]: Exclude<ActionsAt[P], Anywhere> };

/** Lets the faults of this point strike. A caller that gets `answered` must not touch the response again. */
export async function strike<P extends FaultPoint>(cluster: Cluster, call: Call, point: P): Promise<Struck<SpecialAt[P]>> {
  for (const action of cluster.faults.at(point, call.place)) {
    if (action.kind === 'delay') await delay(cluster, call, action.ms);
    else if (isAnywhere(action)) {
      await apply(cluster, call, action);
      return { kind: 'answered' };
    } else return { kind: 'special', action: action as SpecialAt[P] };
  }
  return cluster.closing.aborted ? { kind: 'answered' } : { kind: 'unharmed' };
}

/** Sends the true answer, or what the faults at the point leave of it. */
export async function deliver(cluster: Cluster, call: Call, point: 'fe.reply' | 'be.reply', reply: Reply): Promise<void> {
  const struck = await strike(cluster, call, point);
  if (struck.kind === 'answered') return;
  if (struck.kind === 'unharmed') return send(call, reply, farewellOf(cluster, call));
  await mangle(cluster, call, reply, struck.action);
}

/** A thread that is kept busy reads nothing: neither the rest of the request nor that its client has left, until it is free again. */
async function delay(cluster: Cluster, { request }: Call, ms: number): Promise<void> {
  const { socket } = request;
  // Node reads on behind a request that came in one piece, once it has been handed out.
  await nextTurn();
  socket.pause();
  await pause(cluster, ms);
  socket.resume();
}

/** Waits, but no longer than the stand-in lives. */
async function pause(cluster: Cluster, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: cluster.closing }).catch(() => undefined);
}

function farewellOf(cluster: Cluster, call: Call): Farewell {
  return call.place.node === 'fe' ? frontendFarewell(cluster.behaviour) : backendFarewell(call);
}

function isAnywhere(action: ActionsAt[FaultPoint]): action is Exclude<Anywhere, { kind: 'delay' }> {
  return ['hang', 'reset', 'close', 'respond', 'garbage'].includes(action.kind);
}

async function apply(cluster: Cluster, call: Call, action: Exclude<Anywhere, { kind: 'delay' }>): Promise<void> {
  switch (action.kind) {
    case 'hang':
      return;
    case 'reset':
      call.request.socket.resetAndDestroy();
      return;
    case 'close':
      call.request.socket.destroy();
      return;
    case 'respond':
      return send(call, { status: action.status, headers: action.headers ?? {}, body: action.body ?? '' }, farewellOf(cluster, call));
    case 'garbage':
      return sendGarbage(call, action.bytes);
    default:
      return action satisfies never;
  }
}

async function sendGarbage(call: Call, bytes: number): Promise<void> {
  const { response } = call;
  response.writeHead(200, { 'Content-Length': String(bytes), Connection: 'close' });
  for (let left = bytes; left > 0 && !response.destroyed; left -= GARBAGE_CHUNK.length) {
    const taken = response.write(GARBAGE_CHUNK.subarray(0, Math.min(left, GARBAGE_CHUNK.length)));
    if (!taken) await drained(call);
  }
  await finish(call, '');
}

function drained({ response }: Call): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

async function mangle(cluster: Cluster, call: Call, reply: Reply, action: Mangle): Promise<void> {
  switch (action.kind) {
    case 'trickle':
      return trickle(cluster, call, reply, action);
    case 'truncate':
      return truncate(cluster, call, reply, action);
    case 'alter':
      return send(call, { ...reply, body: altered(String(reply.body), action.fields) }, farewellOf(cluster, call));
    default:
      return action satisfies never;
  }
}

async function trickle(
  cluster: Cluster,
  call: Call,
  reply: Reply,
  { everyMs, bytes = 1 }: Extract<Mangle, { kind: 'trickle' }>,
): Promise<void> {
  const body = bytesOf(reply.body);
  call.response.writeHead(reply.status, { ...reply.headers, 'Content-Length': String(body.length) });
  for (let at = 0; at < body.length && !call.response.destroyed && !cluster.closing.aborted; at += bytes) {
    call.response.write(body.subarray(at, at + bytes));
    await pause(cluster, everyMs);
  }
  await finish(call, '');
}

async function truncate(cluster: Cluster, call: Call, reply: Reply, action: Extract<Mangle, { kind: 'truncate' }>): Promise<void> {
  const whole = bytesOf(reply.body);
  const kept = whole.subarray(0, action.bytes);
  if (action.honest) return send(call, { ...reply, body: kept }, farewellOf(cluster, call));
  call.response.writeHead(reply.status, { ...reply.headers, 'Content-Length': String(whole.length) });
  call.response.write(kept, () => call.request.socket.destroy());
}

function altered(body: string, fields: Readonly<Record<string, unknown>>): string {
  const merged = { ...JSON.parse(body), ...fields };
  return `${JSON.stringify(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)), null, 4)}\n`;
}
