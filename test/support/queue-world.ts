import { type Breaker, memoryBreaker } from '../../lib/breaker.ts';
import type { DeadLetter } from '../../lib/dead-letter/letter.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { loadMessages, type UnsettledMessage } from '../../lib/forwarded.ts';
import type { LoadRules } from '../../lib/pipeline.ts';
import { decodeSqsEvent, type IggyDecodeRules } from '../../lib/source/iggy.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { bytes, type Millis } from '../../lib/units.ts';
import type { GroupPorts } from '../../lib/unordered/passage.ts';
import { type MemoryDoris, memoryDoris } from './memory-doris.ts';
import { type MemoryGroups, memoryGroups } from './memory-groups.ts';
import { type EventMessage, sqsEvent } from './sqs-event.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';
import { dorisThrough, generator, INVOCATION, type Kill, lettersThrough, mortalCall, RULES } from './world.ts';

/** Everything outside the function, in memory, with time that only moves when told. */
export interface QueueWorld {
  readonly clock: VirtualClock;
  readonly doris: MemoryDoris;
  readonly ledger: MemoryGroups;
  readonly letters: DeadLetter[];
  readonly events: LoaderEvent[];
  /** Calls to Doris, the ledger and the dead letters in the last invocation. */
  calls: number;
  /** While set, the dead-letter queue refuses everything. */
  failLetters: Error | undefined;
  /** Awaited before and after every call to the world: lets invocations overlap. */
  between: () => Promise<unknown>;
  invoke(messages: readonly EventMessage[], options?: InvokeOptions): Promise<readonly UnsettledMessage[]>;
}

interface InvokeOptions {
  readonly rules?: Partial<LoadRules>;
  readonly decode?: Partial<IggyDecodeRules>;
  readonly kill?: Kill | undefined;
  readonly within?: Millis;
}

const DECODE: IggyDecodeRules = {
  maxRowBytes: bytes(100_000),
  maxBatchBytes: bytes(10_000_000),
  keepFields: [],
  bodies: 'envelope',
  bareSource: { stream: 'shop', topic: 'orders' },
  bodyEncoding: 'text',
};

export function newQueueWorld(): QueueWorld {
  const clock = { ...virtualClock(), random: generator() };
  const breaker = memoryBreaker(clock);
  const world: QueueWorld = {
    clock,
    doris: memoryDoris(),
    ledger: memoryGroups(clock.now),
    letters: [],
    events: [],
    calls: 0,
    failLetters: undefined,
    between: async () => {},
    invoke: (messages, { rules = {}, decode = {}, kill, within = INVOCATION } = {}) =>
      loadMessages(
        decodeSqsEvent(sqsEvent(messages), { ...DECODE, ...decode }),
        mortal(world, breaker, kill),
        { ...RULES, ...rules },
        deadlineIn(within, clock),
      ),
  };
  return world;
}

/** Ports of one invocation, which dies where it is told to. */
function mortal(world: QueueWorld, breaker: Breaker, kill: Kill | undefined): GroupPorts {
  const call = mortalCall(world, kill, () => world.between());
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
      find: (...args) => call(() => ledger.find(...args)),
      register: (...args) => call(() => ledger.register(...args)),
      end: (...args) => call(() => ledger.end(...args)),
    },
    deadLetters: lettersThrough(world, call),
  };
}
