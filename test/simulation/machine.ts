import type { Clock } from '../../lib/clock.ts';
import { epochMillis, type Millis, millis } from '../../lib/units.ts';
import type { Actor } from './faults.ts';
import { CLOCK_ERROR, EPOCH, latency, type World } from './world.ts';

/** One execution environment of the function: a process that lives until it is killed, with clocks of its own. */
export interface Machine {
  readonly actor: Actor;
  readonly clock: Clock;
  alive(): boolean;
  /** No load may begin later, by its clock that never jumps. */
  loadUntil(deadline: Millis): void;
  loadsUntil(): Millis;
  frozen(): boolean;
  kill(why: string): void;
  /** Called once, when it dies. */
  onDeath(report: () => void): void;
  /** Something reaches the process: at once, when it wakes up, or never. */
  deliver(receive: () => void): void;
  /** The same for a reply, at which moment it may die or fall asleep. */
  reply(receive: () => void): void;
  /** A request to a service that answers: dies before it leaves, or travels, has its effect, and the answer travels back. */
  request<T>(effect: () => T): Promise<T>;
}

interface State {
  alive: boolean;
  frozenUntil: number;
  /** By how much the wall clock is ahead. */
  ahead: number;
  /** How long the clock that never jumps stood still. */
  stopped: number;
  onDeath: () => void;
  loadsUntil: Millis;
}

/** Starts a process. */
export function startMachine(world: World, name: string): Machine {
  const { scheduler, faults } = world;
  const actor = faults.actor(name);
  const state: State = { alive: true, frozenUntil: 0, ahead: errorOf(actor), stopped: 0, onDeath: () => {}, loadsUntil: millis(0) };
  const kill = (why: string): void => {
    if (!state.alive) return;
    state.alive = false;
    world.trace(name, () => `dies: ${why}`);
    state.onDeath();
  };
  const deliver = (receive: () => void): void => {
    if (!state.alive) return;
    if (scheduler.now() < state.frozenUntil) return void scheduler.at(state.frozenUntil, () => deliver(receive));
    receive();
  };
  const arrive = (receive: () => void): void => {
    if (!state.alive) return;
    if (faults.strikes('killed', actor)) kill('as a reply comes');
    disturb(world, actor, state);
    deliver(receive);
  };
  return {
    actor,
    clock: clockOf(world, actor, state, deliver),
    alive: () => state.alive,
    loadUntil: (deadline) => {
      state.loadsUntil = deadline;
    },
    loadsUntil: () => state.loadsUntil,
    frozen: () => scheduler.now() < state.frozenUntil,
    kill,
    onDeath: (report) => {
      state.onDeath = report;
    },
    deliver,
    reply: arrive,
    request: <T>(effect: () => T) =>
      new Promise<T>((resolve) => {
        if (faults.strikes('killed', actor)) return kill('before a request leaves');
        scheduler.at(scheduler.now() + latency(actor), () => {
          const result = effect();
          scheduler.at(scheduler.now() + latency(actor), () => arrive(() => resolve(result)));
        });
      }),
  };
}

function errorOf({ draw }: Actor): number {
  return (2 * draw() - 1) * CLOCK_ERROR;
}

/** Either the clock that never jumps stands still for once, or the other one jumps: one machine is not unlucky twice. */
function disturb(world: World, actor: Actor, state: State): void {
  const now = world.scheduler.now();
  if (world.faults.strikes('frozen', actor)) {
    const span = Math.ceil(actor.draw() < 0.5 ? 1_000 + actor.draw() * 9_000 : actor.draw() * 420_000);
    state.frozenUntil = Math.max(state.frozenUntil, now + span);
    if (state.stopped > 0 || actor.draw() < 0.5) state.stopped += span;
    world.trace(actor.name, () => `stands still until ${Math.round(state.frozenUntil)}`);
  }
  if (state.stopped === 0 && world.faults.strikes('clock-jump', actor)) state.ahead = errorOf(actor);
}

function clockOf({ scheduler }: World, actor: Actor, state: State, deliver: (receive: () => void) => void): Clock {
  const elapsed = (): number => scheduler.now() - state.stopped;
  // A clock that stood still meanwhile is not there yet.
  const when = (due: number, run: () => void): (() => void) => {
    let callOff = (): void => {};
    const plan = (): void => {
      callOff = scheduler.at(due + state.stopped, () => deliver(() => (elapsed() < due ? plan() : run())));
    };
    plan();
    return () => callOff();
  };
  return {
    now: () => epochMillis(Math.floor(EPOCH + scheduler.now() + state.ahead)),
    elapsed: () => millis(elapsed()),
    sleep: (span) => new Promise((resolve) => void when(elapsed() + span, resolve)),
    alarm: (span, ring) => when(elapsed() + span, ring),
    random: actor.draw,
  };
}
