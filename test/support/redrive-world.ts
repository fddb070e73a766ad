import { deadlineIn } from '../../lib/deadline.ts';
import type { RedriveLedger } from '../../lib/redrive/ledger.ts';
import type { Fate, Ready, RedrivePorts, RedriveRules } from '../../lib/redrive/letters.ts';
import { redriveRecords } from '../../lib/redrive/redrive.ts';
import { kinesisPosition } from '../../lib/source/position.ts';
import type { KinesisShard } from '../../lib/source/record.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { aRecord, SHARD_ID, STREAM_ARN } from './builders.ts';
import { type MemoryDoris, memoryDoris } from './memory-doris.ts';
import { memoryRedrives } from './memory-redrives.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';
import { type Call, dorisThrough, generator, INVOCATION, type Kill, mortalCall, RULES } from './world.ts';

const REDRIVE_SHARD: KinesisShard = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID };

export const REDRIVE_RULES: RedriveRules = { ...RULES, reloadUnverifiable: false };

/** The record with number `n`, as its letter is read; its row is `{"n":n}`. */
export function letterOf(n: number, more: Partial<Ready> = {}): Ready {
  const record = aRecord(JSON.stringify({ n }), { position: kinesisPosition(String(1000 + n)), itemIdentifier: String(1000 + n) });
  return {
    source: REDRIVE_SHARD,
    target: { database: 'db', table: 't' },
    row: { kind: 'row', record, line: record.payload },
    ...more,
  };
}

export const lettersOf = (numbers: readonly number[]): Ready[] => numbers.map((n) => letterOf(n));

/** Everything outside a redrive, in memory, with time that only moves when told. */
export interface RedriveWorld {
  readonly clock: VirtualClock;
  readonly doris: MemoryDoris;
  readonly ledger: RedriveLedger;
  readonly events: LoaderEvent[];
  calls: number;
  /** Numbers of the rows in the table, in order. */
  stored(): number[];
  redrive(records: readonly Ready[], more?: { readonly rules?: Partial<RedriveRules>; readonly kill?: Kill }): Promise<Fate[]>;
  /** The same with pauses of random lengths before and after each call. */
  redriveSlowly(records: readonly Ready[]): Promise<Fate[]>;
}

export function redriveWorld(seed = 1): RedriveWorld {
  const clock = { ...virtualClock(), random: generator(seed) };
  const world: RedriveWorld = {
    clock,
    doris: memoryDoris(),
    ledger: memoryRedrives(),
    events: [],
    calls: 0,
    stored: () => (world.doris.tables.get('db.t') ?? []).map((line) => JSON.parse(line).n as number).sort((a, b) => a - b),
    redrive: (records, { rules, kill } = {}) => run(world, records, portsOf(world, mortalCall(world, kill)), rules),
    redriveSlowly: (records) => run(world, records, portsOf(world, hesitant(clock.random)), {}),
  };
  return world;
}

async function run({ clock }: RedriveWorld, records: readonly Ready[], ports: RedrivePorts, rules: Partial<RedriveRules> = {}) {
  const redrive = { ports, rules: { ...REDRIVE_RULES, ...rules }, deadline: deadlineIn(INVOCATION, clock) };
  const fates = await redriveRecords(redrive, records);
  return records.map((record) => fates.get(record) ?? { kind: 'kept' as const, reason: 'no fate was told' });
}

function hesitant(random: () => number): Call {
  const pause = async (): Promise<void> => {
    for (let left = Math.floor(random() * 4); left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
  };
  return async (effect) => {
    await pause();
    const result = await effect();
    await pause();
    return result;
  };
}

export function portsOf({ clock, doris, ledger, events }: RedriveWorld, call: Call): RedrivePorts {
  return {
    clock,
    telemetry: { record: (event) => events.push(event) },
    doris: dorisThrough(doris, call),
    ledger: {
      letter: (...args) => call(() => ledger.letter(...args)),
      firstRedriven: (...args) => call(() => ledger.firstRedriven(...args)),
      bind: (...args) => call(() => ledger.bind(...args)),
      decide: (...args) => call(() => ledger.decide(...args)),
      open: (...args) => call(() => ledger.open(...args)),
      read: (...args) => call(() => ledger.read(...args)),
      write: (...args) => call(() => ledger.write(...args)),
    },
  };
}
