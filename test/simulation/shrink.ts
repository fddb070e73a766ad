import type { Life, Reduction, Simulate } from './life.ts';

/** A failed life as a person wants to read it: what broke, and the smallest story that still breaks it. */
export async function tellFailure(failed: Life, simulate: Simulate, options = ''): Promise<string> {
  const smallest = await shrink(failed, simulate);
  const size = `${smallest.records.length} of ${failed.records.length} records and ${smallest.struck.length} of ${failed.struck.length} faults`;
  const again = `npm run simulate --${options} --seeds 1 --seed ${failed.seed}`;
  return [`seed ${failed.seed}: ${failed.broken}`, `${again}; with ${size} it goes like this:`, ...smallest.trace].join('\n');
}

/** The smallest life of a seed that still breaks the same promise, told in full. */
async function shrink(failed: Life, simulate: Simulate): Promise<Life> {
  const fails = async (reduction: Reduction): Promise<boolean> => sameBreach(await simulate(failed.seed, reduction), failed);
  let only = new Set(failed.struck);
  let without = new Set<number>();
  for (let before = -1; before !== only.size - without.size; ) {
    before = only.size - without.size;
    only = new Set(await withoutNeedless([...only], (fewer) => fails({ only: new Set(fewer), without })));
    const kept = failed.records.filter((n) => !without.has(n));
    const needed = new Set(await withoutNeedless(kept, (fewer) => fails({ only, without: complement(failed.records, fewer) })));
    without = complement(failed.records, [...needed]);
  }
  return simulate(failed.seed, { only, without }, true);
}

function complement(all: readonly number[], kept: readonly number[]): Set<number> {
  return new Set(all.filter((n) => !kept.includes(n)));
}

/** Two lives fail alike when the same kind of promise breaks, whichever record it is about. */
function sameBreach(life: Life, wanted: Life): boolean {
  return kindOfBreach(life) === kindOfBreach(wanted);
}

/** The broken promise without its numbers, labels and names. */
function kindOfBreach({ broken }: Life): string | undefined {
  return broken
    ?.split('\n')[0]
    ?.replace(/\bsim-\S+/g, 'a label')
    .replace(/\d+/g, 'N');
}

/** Leaves out halves, quarters and so on down to single ones, for as long as it goes on failing. */
async function withoutNeedless<T>(all: readonly T[], fails: (kept: readonly T[]) => Promise<boolean>): Promise<readonly T[]> {
  let kept = all;
  for (let size = Math.ceil(kept.length / 2); size >= 1 && kept.length > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < kept.length; ) {
      const fewer = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (await fails(fewer)) kept = fewer;
      else start += size;
    }
  }
  return kept;
}
