import { memoryBreaker } from '../../lib/breaker.ts';
import { type Deadline, deadlineIn } from '../../lib/deadline.ts';
import { type LoadRules, loadBatch } from '../../lib/pipeline.ts';
import type { Doris, Load, LoadOutcome } from '../../lib/ports.ts';
import type { Ports } from '../../lib/settle/run.ts';
import type { Batch } from '../../lib/source/record.ts';
import { type EpochMillis, epochMillis, type Millis, millis } from '../../lib/units.ts';
import { concluded, foundInDoubt } from './memory-doris.ts';
import { INVOCATION, type World } from './world.ts';

/** An invocation that stands still before each effect on the world and before each reply, until it is told to go on. */
export interface SteppedInvocation {
  /** Lets it take its next step. A sleeping one sleeps out first. A lost reply of the ledger is asked for again, as the SDK does. */
  step(loseReply?: boolean): Promise<void>;
  ended(): boolean;
}

/** Milliseconds by which the wall clock of the machine is ahead. */
export interface Machine {
  readonly ahead: number;
}

interface Gate {
  readonly open: () => void;
  readonly notBefore: Millis;
}

/**
 * Starts an invocation on a machine of its own. It breaks no promise that leases rest on: a request that would arrive later than
 * `travel` after its permission never arrives.
 */
export function startStepped(world: World, batch: Batch, rules: LoadRules, { ahead }: Machine, travel: Millis): SteppedInvocation {
  let gate: Gate | undefined;
  let ended = false;
  let losing = false;
  const pause = (span = 0): Promise<void> =>
    new Promise((open) => {
      gate = { open, notBefore: millis(world.clock.elapsed() + span) };
    });
  const call = async <T>(effect: () => Promise<T>): Promise<T> => {
    await pause();
    const result = await effect();
    await pause();
    return result;
  };
  const clock = { ...world.clock, now: (): EpochMillis => epochMillis(world.clock.now() + ahead), sleep: (span: Millis) => pause(span) };
  const { events, ledger, letters } = world;
  const ports: Ports = {
    clock,
    breaker: memoryBreaker(clock),
    telemetry: { record: (event) => events.push(event) },
    doris: steppedDoris(world, call, pause, () => losing, travel),
    ledger: {
      read: (key) => call(() => ledger.read(key)),
      firstRedriven: (shard) => call(() => ledger.firstRedriven(shard)),
      move: (key, move) =>
        call(async () => {
          const result = await ledger.move(key, move);
          return losing ? ledger.move(key, move) : result;
        }),
    },
    deadLetters: {
      send: (sent) =>
        call(async () => {
          if (world.failLetters !== undefined) throw world.failLetters;
          letters.push(...sent);
        }),
    },
  };
  loadBatch(batch, ports, rules, deadlineIn(INVOCATION, clock)).then(
    () => {
      ended = true;
    },
    (error: unknown) => {
      throw error;
    },
  );
  return {
    ended: () => ended,
    step: async (loseReply = false) => {
      await settled();
      if (gate === undefined) return;
      const { open, notBefore } = gate;
      gate = undefined;
      losing = loseReply;
      world.clock.advance(millis(Math.max(0, notBefore - world.clock.elapsed())));
      open();
      await settled();
    },
  };
}

/** Every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Call = <T>(effect: () => Promise<T>) => Promise<T>;

/** Doris behind two frontends: a load that one does not take in hand goes to the other, with permission of its own. */
function steppedDoris({ clock, doris }: World, call: Call, pause: () => Promise<void>, losing: () => boolean, travel: Millis): Doris {
  async function put(load: Load, deadline: Deadline): Promise<LoadOutcome | undefined> {
    if (!(await load.mayStart())) return undefined;
    const allowed = clock.elapsed();
    await pause();
    if (clock.elapsed() - allowed > travel) return undefined;
    const transaction = doris.begin(load);
    await pause();
    const end = transaction.end();
    await pause();
    const outcome = await concluded(stepped, load, end, deadline);
    return losing() ? { kind: 'unknown', attempts: 1, reason: 'the reply was lost' } : outcome;
  }
  const stepped: Doris = {
    ...doris,
    load: async (load, deadline) =>
      (await foundInDoubt(stepped, load, deadline)) ??
      (await put(load, deadline)) ??
      (await put(load, deadline)) ?? { kind: 'unavailable', attempts: 0, reason: 'nobody took it in hand' },
    commit: (target, label, deadline) => call(() => doris.commit(target, label, deadline)),
    labelState: (database, label, deadline) => call(() => doris.labelState(database, label, deadline)),
    newestTransaction: (target, deadline) => call(() => doris.newestTransaction(target, deadline)),
  };
  return stepped;
}
