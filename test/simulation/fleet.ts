import type { Actor } from './faults.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/** What Lambda's runtime calls with an event. */
export type Handler<R> = (event: unknown) => Promise<R>;

/** One execution environment: a machine with the function wired on it. */
export interface Environment<R> {
  readonly machine: Machine;
  readonly handle: Handler<R>;
}

/** Execution environments: warm ones are used again, dead ones are not. */
export interface Fleet<R> {
  take(): Environment<R>;
  giveBack(environment: Environment<R>): void;
}

/** A fleet without any yet. */
export function newFleet<R>(world: World, start: (name: string) => Environment<R>): Fleet<R> {
  const warm: Environment<R>[] = [];
  let started = 0;
  return {
    take: () => {
      for (let next = warm.pop(); next !== undefined; next = warm.pop()) if (next.machine.alive() && !next.machine.frozen()) return next;
      world.trace('lambda', () => `starts machine ${started + 1}`);
      return start(`m${++started}`);
    },
    giveBack: (environment) => void warm.push(environment),
  };
}

/** How an invocation looks to the poller. */
export type Answer<R> = { readonly kind: 'done'; readonly result: R } | { readonly kind: 'error' } | { readonly kind: 'not waited for' };

/** Who invokes a function, and with what. */
export interface Invocation {
  readonly actor: Actor;
  readonly event: unknown;
  /** For people. */
  readonly content: string;
  /** How long the poller waits, when it does not wait for the end. */
  readonly patience?: number | undefined;
}

/** Invokes a function as Lambda does, up to its timeout. */
export function invoke<R>(world: World, fleet: Fleet<R>, { actor, event, content, patience }: Invocation): Promise<Answer<R>> {
  const { figures, scenario, scheduler, truth } = world;
  const environment = fleet.take();
  const { machine, handle } = environment;
  figures.invocations += 1;
  world.trace(actor.name, () => `delivers ${content} to ${machine.actor.name}`);
  return new Promise((resolve) => {
    const callOff = scheduler.at(scheduler.now() + scenario.timeout, () => {
      // An environment that stands still past its timeout may wake up all the same.
      if (!machine.frozen() || actor.draw() < 0.5) machine.kill('timeout');
      else resolve({ kind: 'error' });
    });
    machine.onDeath(() => {
      callOff();
      resolve({ kind: 'error' });
    });
    if (patience !== undefined) scheduler.at(scheduler.now() + patience, () => resolve({ kind: 'not waited for' }));
    handle(event).then(
      (result) => {
        callOff();
        machine.onDeath(() => {});
        fleet.giveBack(environment);
        resolve({ kind: 'done', result });
      },
      (error: unknown) => truth.breaks(`an invocation throws: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    );
  });
}
