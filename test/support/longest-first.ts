import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files run longest, the longest first; a long file that starts last leaves the other cores idle. */
const LONG = ['test/end-to-end/', 'test/simulation/', 'test/cli/', 'test/chaos/', 'test/promises/', 'test/infra/rules'];

/** Orders files by their last durations, as Vitest does, and before anybody has measured them by their folders. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = LONG.findIndex((folder) => moduleId.includes(folder));
  return found === -1 ? LONG.length : found;
}
