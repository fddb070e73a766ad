import { describe, expect, it } from 'vitest';
import type { Simulate } from './life.ts';
import { mutated, OF_QUEUES, OF_STREAMS } from './mutate.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { QUEUE_MUTATIONS } from './sqs/mutations.ts';

const MOST_SEEDS = 2000;

/** The first seed whose life breaks a promise. */
async function findBreach(live: Simulate, { among }: Mutation): Promise<number | undefined> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) if ((await live(seed, { among })).broken !== undefined) return seed;
  return undefined;
}

describe.each([
  { source: 'a stream', entry: OF_STREAMS, mutations: MUTATIONS },
  { source: 'a queue', entry: OF_QUEUES, mutations: QUEUE_MUTATIONS },
])('the simulation of $source finds out about code that', ({ entry, mutations }) => {
  it.each(mutations.map((mutation, index) => ({ ...mutation, index })))('$mistake', { timeout: 120_000 }, async (mutation) => {
    const live = await mutated(mutation, `${entry.name}-${mutation.index}`, entry);

    expect(await findBreach(live, mutation)).toBeDefined();
  });

  it('is not what its mistake was written for: then it says so', async () => {
    const [{ edits, ...mutation }] = [mutations[0] ?? expect.fail('no mutations')];
    const stale = { ...mutation, edits: [{ ...edits[0], right: 'no such line' }] as const };

    await expect(mutated(stale, 'stale', entry)).rejects.toThrow(`${edits[0].file} does not hold exactly once: no such line`);
  });
});
