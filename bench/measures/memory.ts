import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemoryResult } from '../children/memory.ts';
import { sampleOf } from '../event.ts';
import { atMost, type Figure, ratioOf } from '../figure.ts';
import { runChild } from '../run-child.ts';
import type { Stage } from '../stage.ts';

const ROUNDS = 7;

/** Peak memory of a process that gets one event of 6 MB. */
export async function measureMemory({ env }: Stage): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'loader-bench-'));
  const results: MemoryResult[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const file = join(folder, `event-${round}.json`);
      // The shard's name is another one in each.
      writeFileSync(file, sampleOf({ kind: 'json', size: 340 }).text.replaceAll('shardId-SHARD', `shardId-${Date.now()}`));
      results.push((await runChild('memory', { file }, env, ['--expose-gc'])) as MemoryResult);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const events = results.map(({ event }) => event);
  const of = (name: string, part: 'loader' | 'whole') =>
    ratioOf(
      name,
      results.map((result) => result[part]),
      events,
      atMost(3),
    );
  return [
    of('event of 6 MB: peak above idle, the event itself not counted / event', 'loader'),
    of('event of 6 MB: peak above idle, its text and the parsed event counted / event', 'whole'),
  ];
}
