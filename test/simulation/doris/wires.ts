import type { HopEnd } from '../../../lib/doris/hop.ts';
import type { Answer, Question } from '../../../lib/doris/question.ts';
import type { Wires } from '../../../lib/doris/wires.ts';
import type { FaultKind } from '../faults.ts';
import type { Machine } from '../machine.ts';
import { oneOf } from '../random.ts';
import { mayArriveLate } from '../scenario.ts';
import { latency, type World } from '../world.ts';
import { serveLoad } from './backend.ts';
import type { Cluster } from './cluster.ts';
import { type Connection, openConnection } from './connection.ts';
import { answerOf, redirectToBackend } from './frontend.ts';
import { frontendAnswer, NO_BACKEND } from './replies.ts';
import { secondPhase } from './second-phase.ts';

/** The network between one machine and the simulated Doris. */
export function wiresFor(machine: Machine, world: World, cluster: Cluster): Wires {
  return {
    put: (ask) =>
      new Promise<HopEnd>((resolve) => {
        void exchange(openConnection(ask, machine, resolve), world, cluster);
      }),
    ask: (question) => answer(question, machine, world, cluster),
    close: async () => {},
  };
}

async function exchange(connection: Connection, world: World, cluster: Cluster): Promise<void> {
  const { machine, ask } = connection;
  const strikes = (kind: FaultKind): boolean => world.faults.strikes(kind, machine.actor);
  if (strikes('killed')) return machine.kill('before a load leaves');
  const { host } = ask.url;
  const refused = strikes('unreachable') || cluster.isDown(host);
  await world.scheduler.pause(latency(machine.actor));
  if (refused) return connection.lose('ECONNREFUSED');
  if (strikes('connect-timeout')) {
    await machine.clock.sleep(ask.connectTimeout);
    return connection.lose(`no connection within ${ask.connectTimeout} ms`);
  }
  await world.scheduler.pause(latency(machine.actor));
  // What stands still sends nothing, and when it wakes up it has waited too long for its connection.
  if (machine.frozen()) return connection.lose('no connection in time');
  if (!connection.isOpen()) return;
  connection.connect();
  if (strikes('frontend-silent')) return;
  if (strikes('proxy-error')) return connection.answer(oneOf(machine.actor.draw, [429, 502, 503]), '');
  if (strikes('garbled')) return connection.answer(200, '<html>It works!</html>');
  if (host.startsWith('be')) return arrive(connection, world, cluster);
  if (strikes('frontend-refusal')) return connection.answer(200, NO_BACKEND);
  connection.answer(307, '', { location: redirectToBackend(cluster, ask.url) });
}

/** At a backend: at once, or where that does no harm long after its client has given up. */
async function arrive(connection: Connection, world: World, cluster: Cluster): Promise<void> {
  const { actor } = connection.machine;
  if (!mayArriveLate(world.scenario) || !world.faults.strikes('late-arrival', actor)) return serveLoad(world, cluster, connection);
  await world.scheduler.pause(actor.draw() * LATEST);
  return serveLoad(world, cluster, unheard(connection));
}

const LATEST = 3_600_000;

/** A request whose client has gone, all of it on its way: Doris serves it as any other. */
function unheard(connection: Connection): Connection {
  return { ...connection, body: Promise.resolve(true), sayContinue: () => {}, answer: () => {}, lose: () => {} };
}

function answer(question: Question, machine: Machine, world: World, cluster: Cluster): Promise<Answer> {
  return new Promise((resolve) => {
    const callOff = machine.clock.alarm(question.within, () => resolve({ kind: 'silent', reason: 'no answer in time' }));
    void ask(question, machine, world, cluster).then((told) => {
      callOff();
      resolve(told);
    });
  });
}

async function ask(question: Question, machine: Machine, world: World, cluster: Cluster): Promise<Answer> {
  const strikes = (kind: FaultKind): boolean => world.faults.strikes(kind, machine.actor);
  if (strikes('unreachable')) return machine.request(() => ({ kind: 'silent', reason: 'ECONNREFUSED' }));
  if (strikes('frontend-silent')) return new Promise(() => {});
  return machine.request((): Answer => {
    if (cluster.isDown(question.url.host)) return { kind: 'silent', reason: 'ECONNREFUSED' };
    if (strikes('proxy-error')) return { kind: 'answer', status: 502, location: undefined, text: '' };
    if (strikes('garbled')) return { kind: 'answer', status: 200, location: undefined, text: '{"msg":"succ' };
    if (strikes('frontend-refusal')) return { kind: 'answer', status: 200, location: undefined, text: frontendAnswer('not ready', 1) };
    return question.put === undefined ? answerOf(world, cluster, question) : secondPhase(world, cluster, question, machine.actor);
  });
}
