import { type Draw, drawsOf } from './random.ts';

/** Everything that may go wrong, and what it looks like. The list is closed: each has a rate in a scenario and a count in the figures. */
export const FAULTS = {
  killed: 'the function dies, before its request leaves or when the reply comes',
  frozen: 'the function stands still for 1 s to 7 min and wakes up after its successor began',
  'clock-jump': "a machine's wall clock jumps, within a second of the true time",
  failover: 'another poller takes the shard over while the function still runs',
  redelivery: 'records before the checkpoint come once more',
  recut: 'the batch comes again, smaller or larger',
  paused: 'the event source mapping stands still, for minutes or for up to 60 h',
  unreachable: 'a node refuses connections',
  'connect-timeout': 'a connection is not made in time',
  'frontend-silent': 'a node takes the request and does not answer',
  'frontend-refusal': 'a frontend knows no live backend, or reports a fault of its own',
  'proxy-error': 'something in between answers 429, 502 or 503',
  garbled: 'the reply is not what Doris says',
  'connection-lost': 'the connection breaks before the load is read',
  'late-arrival': 'in two phases: a request that its client has given up reaches Doris up to an hour later',
  'slow-continue': 'no 100 comes, so the body goes without it',
  'reply-lost': 'the connection breaks after the effect',
  overload: 'too many versions, no memory, too many running transactions',
  'locked-aborted': 'the transaction hangs in PREPARE and is ABORTED in the end',
  'locked-visible': 'the transaction hangs in PREPARE and becomes VISIBLE in the end',
  'publish-timeout': 'committed, visible only later',
  'fail-stored': 'Fail around the commit, and the rows are stored',
  'fail-lost': 'Fail around the commit, and the rows are not stored',
  'late-abort': 'rows are refused, the transaction is ABORTED only later',
  'backend-restart': 'the backend restarts: its connections break, its transactions are ABORTED',
  'master-failover': 'another frontend is master: transactions in PREPARE are gone, and with them their labels',
  outage: 'no node of Doris answers, for seconds or hours',
  'labels-crowded-out': 'so many other transactions finish that Doris forgets every finished label older than 10 s',
  'schema-mistake': 'the table refuses good rows until somebody repairs it',
  'ledger-throttled': 'DynamoDB refuses',
  'ledger-reply-lost': 'the write happened, and its reply is lost; the SDK asks again, or gives up',
  'ledger-silent': 'DynamoDB does not answer, whether it wrote or not',
  'ledger-duplicate': 'the network brings a write once more, up to 10 s later',
  'queue-partial': 'SQS takes some letters of a batch and refuses others',
  'queue-down': 'SQS does not answer',
  'queue-reply-lost': 'SQS took the letters, and its reply is lost',
  'sink-repeat': 'http_sink sends the same bytes again, up to 30 h later: another message of the queue',
  'sink-shift': 'the connector delivers a range again, cut at other boundaries, up to 30 h later',
  'delivered-twice': 'SQS delivers messages that are in flight, or deleted already',
  'deletion-lost': 'settled messages are not deleted',
  'not-invoked': 'the function is throttled: its messages come again after their visibility timeout',
  'visibility-refused': 'SQS refuses to change the visibility of some messages',
  'visibility-down': 'SQS does not answer when visibility is to be changed',
} as const;

export type FaultKind = keyof typeof FAULTS;

/** Those that happen to a stream, and to nothing else. */
const OF_STREAMS: readonly FaultKind[] = ['failover', 'redelivery', 'recut'];
/** Those that happen to a queue, and to nothing else. */
const OF_QUEUES: readonly FaultKind[] = [
  'sink-repeat',
  'sink-shift',
  'delivered-twice',
  'deletion-lost',
  'not-invoked',
  'visibility-refused',
  'visibility-down',
];

const ALL_KINDS = Object.keys(FAULTS) as FaultKind[];
/** What may happen around a stream. */
export const STREAM_FAULTS: readonly FaultKind[] = ALL_KINDS.filter((kind) => !OF_QUEUES.includes(kind));
/** What may happen around a queue. */
export const QUEUE_FAULTS: readonly FaultKind[] = ALL_KINDS.filter((kind) => !OF_STREAMS.includes(kind));

/** Somebody with luck of his own: a machine, a poller, the weather. */
export interface Actor {
  readonly name: string;
  readonly draw: Draw;
}

/** Decides what goes wrong. */
export interface Faults {
  actor(name: string): Actor;
  /** Whether this fault happens to the actor now. Noted under an identity that stays the same when other faults are left out. */
  strikes(kind: FaultKind, actor: Actor): boolean;
  /** From now on nothing goes wrong any more. */
  calm(): void;
  isCalm(): boolean;
  /** Identities of what went wrong, in order. */
  readonly struck: readonly string[];
}

/** @param only - when given, nothing but these happens. */
export function newFaults(
  seed: number,
  rates: ReadonlyMap<FaultKind, number>,
  only: ReadonlySet<string> | undefined,
  note: (actor: string, text: string) => void,
): Faults {
  const struck: string[] = [];
  const asked = new Map<string, number>();
  let calm = false;
  return {
    struck,
    actor: (name) => ({ name, draw: drawsOf(seed, name) }),
    strikes: (kind, { name, draw }) => {
      const rate = rates.get(kind);
      if (calm || rate === undefined) return false;
      const place = `${kind}@${name}`;
      const turn = (asked.get(place) ?? 0) + 1;
      asked.set(place, turn);
      const identity = `${place}#${turn}`;
      if (draw() >= rate || (only !== undefined && !only.has(identity))) return false;
      struck.push(identity);
      note(name, `FAULT ${identity}`);
      return true;
    },
    calm: () => {
      calm = true;
    },
    isCalm: () => calm,
  };
}

/** The kind of a fault by its identity. */
export function kindOf(identity: string): FaultKind {
  return identity.slice(0, identity.indexOf('@')) as FaultKind;
}
