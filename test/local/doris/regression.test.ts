import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';

/** Tags of cases that the stand-in cannot pass; docs/fidelity.md gives the reason of each. */
const SKIPPED: readonly string[] = ['too-long-filtered'];
/** What a loader lives by: these may never be skipped. */
const NEVER_SKIPPED = ['load-state', 'two-phase-commit', 'error-log', 'json-array', 'csv', 'columns-list', 'raw-http', 'chunked'];

const cases = fileURLToPath(new URL('../../../../shared/data/doris-regression/check.mjs', import.meta.url));
const present = existsSync(cases);

interface Outcome {
  readonly output: string;
  readonly passed: number;
  readonly failed: number;
}

function check(doris: DorisStandIn, more: readonly string[]): Promise<Outcome> {
  const skip = SKIPPED.length > 0 ? ['--skip-needs', SKIPPED.join(',')] : [];
  const args = [cases, '--fe', doris.feUrl, ...skip, ...more];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, DORIS_PASSWORD: doris.password } }, (_error, output) => {
      const [, passed, failed] = /^(\d+) passed, (\d+) failed, \d+ skipped$/m.exec(output) ?? [];
      resolve({ output, passed: Number(passed), failed: Number(failed) });
    });
  });
}

// The cases come with the work place of the project, not with the repository.
describe.skipIf(!present)("Doris's own regression cases (skipped where their folder is not there)", () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    // Their results were recorded by a cluster in this zone.
    doris = await startDoris({ password: 'secret', behaviour: { timeZone: 'Asia/Shanghai' } });
  });
  afterAll(() => doris.close());

  it('pass, all that are not skipped by name, with what is only inferred from their results', { timeout: 120_000 }, async () => {
    const { output, passed, failed } = await check(doris, ['--inferred']);
    const failures = output.split('\n').filter((line) => !/^(passed|skipped)/.test(line));

    expect(failures.slice(0, -2), output).toEqual([]);
    expect(failed).toBe(0);
    expect(passed).toBeGreaterThanOrEqual(127);
  });

  it('skip nothing that a loader lives by', () => {
    expect(SKIPPED.filter((tag) => NEVER_SKIPPED.includes(tag))).toEqual([]);
  });
});
