import { type Breaker, memoryBreaker } from '../../lib/breaker.ts';
import type { DeadLetter, DeadLetters } from '../../lib/dead-letter/letter.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { type LoadRules, loadBatch, type Settlement } from '../../lib/pipeline.ts';
import type { Ports } from '../../lib/settle/run.ts';
import type { Batch } from '../../lib/source/record.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { type Millis, mebibytes, seconds } from '../../lib/units.ts';
import { type MemoryDoris, memoryDoris } from './memory-doris.ts';
import { type MemoryLedger, memoryLedger } from './memory-ledger.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** The function was killed: nothing it would still do happens. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Where an invocation dies: at its n-th call to the world (from 1), before or after the call had its effect. */
export interface Kill {
  readonly call: number;
  readonly effect: 'before' | 'after';
}

/** Everything outside the function, in memory, with time that only moves when told. */
export interface World {
  readonly clock: VirtualClock;
  readonly doris: MemoryDoris;
  readonly ledger: MemoryLedger;
  readonly letters: DeadLetter[];
  readonly events: LoaderEvent[];
  /** Calls to Doris, the ledger and the dead letters in the last invocation. */
  calls: number;
  /** While set, the dead-letter queue refuses everything. */
  failLetters: Error | undefined;
  invokeWithin(span: Millis, batch: Batch, rules: LoadRules): Promise<Settlement>;
  invoke(batch: Batch, rules: LoadRules, kill?: Kill): Promise<Settlement>;
}

/** How long an invocation may take. */
export const INVOCATION = seconds(60);

export const RULES: LoadRules = {
  routing: { rules: [], defaultTarget: { database: 'db', table: 't' }, maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(64) },
  labelPrefix: 'test',
  limits: { maxRows: 1000, maxBytes: mebibytes(10) },
  fuseShare: 0.5,
  fuseRows: 10,
  isolationLoads: 1000,
  attemptGrace: seconds(5),
  labelMemory: { longest: seconds(12 * 3600), shortest: seconds(100), transactions: 2000 },
  onUnverifiable: 'wait',
  positionColumns: {},
};

export function newWorld(): World {
  const clock = { ...virtualClock(), random: generator() };
  const breaker = memoryBreaker(clock);
  const world: World = {
    clock,
    doris: memoryDoris(),
    ledger: memoryLedger(),
    letters: [],
    events: [],
    calls: 0,
    failLetters: undefined,
    invokeWithin: (span, batch, rules) => loadBatch(batch, mortal(world, breaker, undefined), rules, deadlineIn(span, clock)),
    invoke: (batch, rules, kill) => loadBatch(batch, mortal(world, breaker, kill), rules, deadlineIn(INVOCATION, clock)),
  };
  return world;
}

/** Numbers that look random and are the same in every run (mulberry32). */
export function generator(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes one call to the world. */
export type Call = <T>(effect: () => Promise<T>) => Promise<T>;

/**
 * Calls of an invocation that dies at one of them: neither that call nor any later one is answered. Counts them in `world.calls`, from 0.
 *
 * @param between - awaited before and after each call, so that invocations overlap.
 */
export function mortalCall(world: { calls: number }, kill: Kill | undefined, between: () => Promise<unknown> = async () => {}): Call {
  world.calls = 0;
  let calls = 0;
  let dead = false;
  return async (effect) => {
    if (dead) throw new Killed();
    world.calls = ++calls;
    const mine = calls === kill?.call;
    if (mine && kill?.effect === 'before') dead = true;
    await between();
    if (dead) throw new Killed();
    const result = await effect();
    if (mine) dead = true;
    await between();
    if (dead) throw new Killed();
    return result;
  };
}

/** Doris behind such calls. */
export function dorisThrough(doris: MemoryDoris, call: Call): MemoryDoris {
  return {
    ...doris,
    load: (...args) => call(() => doris.load(...args)),
    commit: (...args) => call(() => doris.commit(...args)),
    labelState: (...args) => call(() => doris.labelState(...args)),
    newestTransaction: (...args) => call(() => doris.newestTransaction(...args)),
    tableModel: (...args) => call(() => doris.tableModel(...args)),
    countRows: (...args) => call(() => doris.countRows(...args)),
  };
}

/** The dead-letter queue of a world behind such calls. */
export function lettersThrough(world: Pick<World, 'letters' | 'failLetters'>, call: Call): DeadLetters {
  return {
    send: (sent) =>
      call(async () => {
        if (world.failLetters !== undefined) throw world.failLetters;
        world.letters.push(...sent);
      }),
  };
}

/** Ports of one invocation, which dies where it is told to. */
function mortal(world: World, breaker: Breaker, kill: Kill | undefined): Ports {
  const call = mortalCall(world, kill);
  const { clock, doris, events, ledger } = world;
  return {
    clock,
    breaker,
    telemetry: { record: (event) => events.push(event) },
    doris: dorisThrough(doris, call),
    ledger: {
      read: (key) => call(() => ledger.read(key)),
      firstRedriven: (shard) => call(() => ledger.firstRedriven(shard)),
      move: (key, move) => call(() => ledger.move(key, move)),
    },
    deadLetters: lettersThrough(world, call),
  };
}
