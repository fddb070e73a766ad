import { type Breaker, memoryBreaker } from '../../lib/breaker.ts';
import type { DeadLetter } from '../../lib/dead-letter/letter.ts';
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

/** Ports of one invocation, which dies where it is told to. */
function mortal(world: World, breaker: Breaker, kill: Kill | undefined): Ports {
  world.calls = 0;
  let dead = false;
  const call = async <T>(effect: () => Promise<T>): Promise<T> => {
    if (dead) throw new Killed();
    const mine = ++world.calls === kill?.call;
    if (mine && kill?.effect === 'before') dead = true;
    if (dead) throw new Killed();
    const result = await effect();
    if (mine) dead = true;
    if (dead) throw new Killed();
    return result;
  };
  const { clock, doris, events, ledger, letters } = world;
  return {
    clock,
    breaker,
    telemetry: { record: (event) => events.push(event) },
    doris: {
      ...doris,
      load: (load, deadline) => call(() => doris.load(load, deadline)),
      commit: (target, label, deadline) => call(() => doris.commit(target, label, deadline)),
      labelState: (database, label, deadline) => call(() => doris.labelState(database, label, deadline)),
      newestTransaction: (target, deadline) => call(() => doris.newestTransaction(target, deadline)),
      tableModel: (target, deadline) => call(() => doris.tableModel(target, deadline)),
      countRows: (target, span, deadline) => call(() => doris.countRows(target, span, deadline)),
    },
    ledger: {
      read: (key) => call(() => ledger.read(key)),
      move: (key, move) => call(() => ledger.move(key, move)),
    },
    deadLetters: {
      send: (sent) =>
        call(async () => {
          if (world.failLetters !== undefined) throw world.failLetters;
          letters.push(...sent);
        }),
    },
  };
}
