import { type Breaker, sharedBreaker } from '../../lib/breaker.ts';
import type { DeadLetter } from '../../lib/dead-letter/letter.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { memoryOutages, type Outages } from '../../lib/ledger/outage.ts';
import { loadBatch } from '../../lib/pipeline.ts';
import type { Load, LoadOutcome } from '../../lib/ports.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { epochMillis, type Millis, millis, seconds } from '../../lib/units.ts';
import { memoryDoris } from './memory-doris.ts';
import { memoryLedger } from './memory-ledger.ts';
import { batchOf, SHARD, shardRecord } from './shard.ts';
import { type Timeline, timeline } from './timeline.ts';
import { generator, INVOCATION, RULES } from './world.ts';

/** How Doris fails: what a load comes to, after how long, and whether its rows are stored all the same. */
export interface Trouble {
  readonly outcome: Extract<LoadOutcome, { reason: string }>['kind'];
  readonly takes: Millis;
  readonly stored?: boolean;
}

/** One invocation of the function. */
interface Invocation {
  readonly at: number;
  readonly took: number;
  /** Loads that it sent. */
  readonly puts: number;
}

/** One load as Doris saw it. */
interface Put {
  readonly at: number;
  readonly shard: string;
  /** Loads under way when it began, itself counted. */
  readonly together: number;
  readonly committed: boolean;
}

/** Shards that are loaded by containers of one function, as Lambda would: one invocation at a time for a shard, and for a container. */
export interface Fleet {
  readonly timeline: Timeline;
  readonly puts: readonly Put[];
  readonly invocations: readonly Invocation[];
  readonly letters: readonly DeadLetter[];
  readonly events: readonly LoaderEvent[];
  /** Calls to the ledger about outages. */
  readonly asked: { count: number };
  readonly containers: { started: number };
  trouble: Trouble | undefined;
  /** Lines stored, of all shards. */
  stored(): readonly string[];
  /** Records that every shard has settled. */
  settled(): readonly number[];
}

/** Lambda starts a container anew from time to time. */
const LIFE = seconds(1_800);
/** An unsettled batch comes again this much later. */
export const REDELIVERY = seconds(10);
const LOAD = millis(200);
const RECORDS = 2;

interface Container {
  readonly breaker: Breaker;
  readonly ahead: number;
  readonly until: number;
}

export function startFleet(shards: number, seed = 1): Fleet {
  const random = generator(seed);
  const line = timeline(random);
  const store = memoryDoris();
  const ledger = memoryLedger();
  const letters: DeadLetter[] = [];
  const events: LoaderEvent[] = [];
  const puts: Put[] = [];
  const invocations: Invocation[] = [];
  const idle: Container[] = [];
  const settled = Array<number>(shards).fill(0);
  let under = 0;

  const fleet: Fleet = {
    timeline: line,
    puts,
    invocations,
    letters,
    events,
    asked: { count: 0 },
    containers: { started: 0 },
    trouble: undefined,
    stored: () => [...store.tables.values()].flat(),
    settled: () => settled,
  };
  const outages = counted(memoryOutages(), fleet.asked);

  async function load(wanted: Load, remaining: Millis, shard: string): Promise<LoadOutcome> {
    const at = line.clock.elapsed();
    const { trouble } = fleet;
    const together = ++under;
    const outcome = trouble === undefined || trouble.stored ? await store.load(wanted, deadlineIn(remaining, line.clock)) : undefined;
    await line.clock.sleep(millis(Math.min(remaining, trouble?.takes ?? LOAD)));
    under--;
    puts.push({ at, shard, together, committed: trouble === undefined && outcome?.kind === 'committed' });
    if (trouble === undefined && outcome !== undefined) return outcome;
    return { kind: trouble?.outcome ?? 'unknown', attempts: 1, reason: 'Doris is away' };
  }

  function container(): Container {
    const now = line.clock.elapsed();
    const [warm] = idle.splice(Math.floor(random() * idle.length), 1);
    if (warm !== undefined && warm.until > now) return warm;
    fleet.containers.started++;
    // The clocks of machines differ, by up to two seconds.
    const ahead = Math.floor(random() * 2_000) - 1_000;
    const clock = { ...line.clock, now: () => epochMillis(line.clock.now() + ahead) };
    return { breaker: sharedBreaker(outages, clock), ahead, until: now + LIFE * (0.5 + random()) };
  }

  async function invoke(shard: string, from: number): Promise<boolean> {
    const used = container();
    const clock = { ...line.clock, now: () => epochMillis(line.clock.now() + used.ahead) };
    const at = clock.elapsed();
    let sent = 0;
    const doris = {
      ...store,
      load: (wanted: Load, deadline: { remaining(): Millis }) => {
        sent++;
        return load(wanted, deadline.remaining(), shard);
      },
    };
    const ports = {
      clock,
      breaker: used.breaker,
      doris,
      ledger,
      deadLetters: { send: async (more: readonly DeadLetter[]) => void letters.push(...more) },
      telemetry: { record: (event: LoaderEvent) => void events.push(event) },
    };
    const records = Array.from({ length: RECORDS }, (_, n) => shardRecord(from + n));
    const settlement = await loadBatch(batchOf(records, { ...SHARD, shard }), ports, RULES, deadlineIn(INVOCATION, clock));
    idle.push(used);
    invocations.push({ at, took: clock.elapsed() - at, puts: sent });
    return settlement.kind === 'settled';
  }

  async function work(n: number): Promise<never> {
    await line.clock.sleep(millis(random() * 1_000));
    for (;;) {
      const done = await invoke(`shardId-${n}`, settled[n] ?? 0);
      if (done) settled[n] = (settled[n] ?? 0) + RECORDS;
      await line.clock.sleep(done ? seconds(1) : REDELIVERY);
    }
  }

  for (let n = 0; n < shards; n++) void work(n);
  return fleet;
}

function counted(outages: Outages, asked: { count: number }): Outages {
  return {
    write: (key, wanted) => {
      asked.count++;
      return outages.write(key, wanted);
    },
    clear: (key) => {
      asked.count++;
      return outages.clear(key);
    },
  };
}
