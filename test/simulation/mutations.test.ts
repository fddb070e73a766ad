import { describe, expect, it } from 'vitest';
import { mutated } from './mutate.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import type { simulate } from './simulate.ts';

const MOST_SEEDS = 2000;

/** The first seed whose life breaks a promise. */
async function findBreach(live: typeof simulate, { among }: Mutation): Promise<number | undefined> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) if ((await live(seed, { among })).broken !== undefined) return seed;
  return undefined;
}

describe('the simulation finds out about code that', () => {
  it.each(MUTATIONS.map((mutation, index) => ({ ...mutation, index })))('$mistake', { timeout: 120_000 }, async (mutation) => {
    const live = await mutated(mutation, `mistake-${mutation.index}`);

    expect(await findBreach(live, mutation)).toBeDefined();
  });

  it('is not what its mistake was written for: then it says so', async () => {
    const [{ edits, ...mutation }] = [MUTATIONS[0] ?? expect.fail('no mutations')];
    const stale = { ...mutation, edits: [{ ...edits[0], right: 'no such line' }] as const };

    await expect(mutated(stale, 'stale')).rejects.toThrow(`${edits[0].file} does not hold exactly once: no such line`);
  });
});
