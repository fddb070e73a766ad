import { seededRandom } from '../doris/faults.ts';

/** What happens to whole parts of the stack, whoever is at work in them. */
export type Stroke =
  /** Every process of the function ends with SIGKILL, so long after the next batch has set out: somewhere between cold start and answer. */
  | { readonly kind: 'function killed'; readonly afterMs: number }
  /** Doris restarts with its state; what was in PREPARE is gone without a trace, as after a failover of the FE. */
  | { readonly kind: 'Doris restarted' }
  /** The frontend refuses connections for a while. */
  | { readonly kind: 'frontend down'; readonly forMs: number }
  /** The only backend is down for a while: what was open on it is aborted. */
  | { readonly kind: 'backend down'; readonly forMs: number }
  /** So many transactions of somebody else finish in the same database and push labels out of its memory. */
  | { readonly kind: 'unrelated loads'; readonly count: number }
  /** A shard is split in two. */
  | { readonly kind: 'shard split' }
  /** Two shards are merged. */
  | { readonly kind: 'shards merged' }
  /** The mapping begins anew at the oldest record of the stream. */
  | { readonly kind: 'stream read again from its start' };

/** One line of the script. */
export interface ScriptedStroke {
  /** Milliseconds after the first record. */
  readonly at: number;
  readonly stroke: Stroke;
}

const MEAN_GAP_MS = 1000;
/** A cold start takes half of it. */
const MOST_KILL_DELAY_MS = 900;

/** Kinds that strike again and again, by how often each comes among a hundred. */
const USUAL: readonly (readonly [number, (random: () => number) => Stroke])[] = [
  [25, kill],
  [12, () => ({ kind: 'Doris restarted' })],
  [8, (random) => ({ kind: 'frontend down', forMs: 200 + Math.floor(random() * 1500) })],
  [8, (random) => ({ kind: 'backend down', forMs: 200 + Math.floor(random() * 1500) })],
  [27, (random) => ({ kind: 'unrelated loads', count: 20 + Math.floor(random() * 100) })],
];

/** Strokes that only a stand-in for Doris knows how to play. */
const OF_STAND_IN: ReadonlySet<Stroke['kind']> = new Set(['Doris restarted', 'frontend down', 'backend down']);

/** Everything that strikes during a run, in order of time: the same for the same seed and span. */
export function scriptOf(seed: number, spanMs: number, isStandIn = true): readonly ScriptedStroke[] {
  const random = seededRandom(seed);
  const script: ScriptedStroke[] = [
    { at: spanMs * 0.4, stroke: { kind: 'shard split' } },
    { at: spanMs * 0.6, stroke: { kind: 'stream read again from its start' } },
    { at: spanMs * 0.75, stroke: { kind: 'shards merged' } },
  ];
  for (let at = gap(random); at < spanMs; at += gap(random)) script.push({ at, stroke: drawn(random) });
  return script.filter(({ stroke }) => isStandIn || !OF_STAND_IN.has(stroke.kind)).toSorted((a, b) => a.at - b.at);
}

function kill(random: () => number): Stroke {
  return { kind: 'function killed', afterMs: Math.floor(random() * MOST_KILL_DELAY_MS) };
}

/** Exponential: the next stroke is never due. */
function gap(random: () => number): number {
  return -Math.log(1 - random()) * MEAN_GAP_MS;
}

function drawn(random: () => number): Stroke {
  let left = random() * USUAL.reduce((sum, [share]) => sum + share, 0);
  for (const [share, stroke] of USUAL) {
    left -= share;
    if (left < 0) return stroke(random);
  }
  return kill(random);
}
