import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemoryResult } from '../children/memory.ts';
import { sampleOf } from '../event.ts';
import { atMost, type Figure, ratioOf } from '../figure.ts';
import { runChild } from '../run-child.ts';
import type { Stage } from '../stage.ts';

const ROUNDS = 7;
/** Events that a process gets in a round. Compilers are at work until the first few are done. */
const EVENTS = 5;

/** Peak memory of a process that gets events of 6 MB. */
export async function measureMemory({ env }: Stage): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'loader-bench-'));
  const rounds: (readonly MemoryResult[])[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const files = Array.from({ length: EVENTS }, (_, index) => writeEvent(folder, `${Date.now()}-${index}`));
      rounds.push((await runChild('memory', { files }, env, ['--expose-gc'])) as readonly MemoryResult[]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const of = (name: string, index: number, part: 'loader' | 'whole') => {
    const results = rounds.flatMap((round) => round[index] ?? []);
    return ratioOf(
      name,
      results.map((result) => result[part]),
      results.map(({ event }) => event),
      atMost(3),
    );
  };
  return [
    of('first event of 6 MB: peak above idle, the event itself not counted / event', 0, 'loader'),
    of('first event of 6 MB: peak above idle, its text and the parsed event counted / event', 0, 'whole'),
    of('fifth event of 6 MB: the same', EVENTS - 1, 'whole'),
  ];
}

/** @param shard - another one in each event. @returns the file. */
function writeEvent(folder: string, shard: string): string {
  const file = join(folder, `${shard}.json`);
  writeFileSync(file, sampleOf({ kind: 'json', size: 340 }).text.replaceAll('shardId-SHARD', `shardId-${shard}`));
  return file;
}
