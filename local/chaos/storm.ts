import { setTimeout as sleep } from 'node:timers/promises';
import type { ScriptedStroke, Stroke } from './script.ts';

/** A script on its way through the stack. */
export interface Storm {
  /** Drops what has not struck yet, and resolves with how often each kind did when everything is up again. */
  stop(): Promise<ReadonlyMap<Stroke['kind'], number>>;
}

/** What shares a lane never strikes at the same time. */
const LANES: Readonly<Record<Stroke['kind'], 'function' | 'Doris' | 'neighbour' | 'stream' | 'mapping'>> = {
  'function killed': 'function',
  'Doris restarted': 'Doris',
  'frontend down': 'Doris',
  'backend down': 'Doris',
  'unrelated loads': 'neighbour',
  'shard split': 'stream',
  'shards merged': 'stream',
  'stream read again from its start': 'mapping',
};

/** Plays a script in real time. A stroke that takes long delays those of its lane and no others. */
export function startStorm(script: readonly ScriptedStroke[], strike: (stroke: Stroke) => Promise<void>): Storm {
  const stopping = new AbortController();
  const started = performance.now();
  const struck = new Map<Stroke['kind'], number>();

  async function play(lane: readonly ScriptedStroke[]): Promise<void> {
    for (const { at, stroke } of lane) {
      const isDue = await sleep(Math.max(0, at - (performance.now() - started)), true, { signal: stopping.signal }).catch(() => false);
      if (!isDue) return;
      await strike(stroke);
      struck.set(stroke.kind, (struck.get(stroke.kind) ?? 0) + 1);
    }
  }

  const lanes = new Set(Object.values(LANES));
  const playing = Promise.all([...lanes].map((lane) => play(script.filter(({ stroke }) => LANES[stroke.kind] === lane))));
  // Told by stop(); until then nobody waits for it.
  playing.catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await playing;
      return struck;
    },
  };
}
