import { describe, expect, it } from 'vitest';
import { weakerPromise } from '../../lib/weaker-promise.ts';
import { faultsOf, readWith } from './environment.ts';

const dorisOf = (change: Readonly<Record<string, string>>) => readWith(change).doris;

describe('the mode of loading', () => {
  it('is under labels unless another one is asked for in so many words', () => {
    expect(dorisOf({}).mode).toBe('labelled');
    expect(dorisOf({ DORIS_LOAD_MODE: 'two-phase' }).mode).toBe('two-phase');
    expect(dorisOf({ DORIS_LOAD_MODE: 'group-commit-may-duplicate' }).mode).toBe('group-commit-may-duplicate');
  });

  it.each(['group-commit', 'two_phase', 'async_mode'])('is never guessed: %s', (given) => {
    expect(faultsOf({ DORIS_LOAD_MODE: given })).toEqual([
      `DORIS_LOAD_MODE: must be labelled, two-phase or group-commit-may-duplicate (given "${given}")`,
    ]);
  });

  it('waits for the group unless that is given up in so many words', () => {
    const mode = { DORIS_LOAD_MODE: 'group-commit-may-duplicate' };

    expect(dorisOf(mode).groupCommit).toBe('sync');
    expect(dorisOf({ ...mode, DORIS_GROUP_COMMIT: 'async' }).groupCommit).toBe('async');
  });

  it.each(['labelled', 'two-phase'])('%s goes without group commit', (mode) => {
    expect(faultsOf({ DORIS_LOAD_MODE: mode, DORIS_GROUP_COMMIT: 'sync' })).toEqual([
      `DORIS_GROUP_COMMIT: goes with DORIS_LOAD_MODE=group-commit-may-duplicate only (DORIS_LOAD_MODE is ${mode})`,
    ]);
  });
});

describe('the packing of loads', () => {
  it('is off unless it is asked for', () => {
    expect(dorisOf({}).compression).toBe('none');
    expect(dorisOf({ DORIS_COMPRESSION: 'gzip' }).compression).toBe('gzip');
  });

  it.each(['gz', 'true', 'zstd'])('is never guessed: %s', (given) => {
    expect(faultsOf({ DORIS_COMPRESSION: given })).toEqual([`DORIS_COMPRESSION: must be none or gzip (given "${given}")`]);
  });

  it('does not go with group commit, where Doris refuses no load for its bad rows', () => {
    expect(faultsOf({ DORIS_COMPRESSION: 'gzip', DORIS_LOAD_MODE: 'group-commit-may-duplicate' })).toEqual([
      'DORIS_COMPRESSION: must be none where DORIS_LOAD_MODE is group-commit-may-duplicate (given "gzip")',
    ]);
    expect(faultsOf({ DORIS_COMPRESSION: 'gzip', DORIS_LOAD_MODE: 'two-phase' })).toEqual([]);
  });
});

describe('what is said of a mode at cold start', () => {
  it.each(['labelled', 'two-phase'] as const)('is nothing for %s, which promises everything', (mode) => {
    expect(weakerPromise({ mode, groupCommit: 'sync' })).toBeUndefined();
  });

  it('is that group commit may store rows more than once, and that async may lose them with a disk', () => {
    const mode = 'group-commit-may-duplicate';

    expect(weakerPromise({ mode, groupCommit: 'sync' })).toMatch(/AT LEAST once.*more than once/);
    expect(weakerPromise({ mode, groupCommit: 'sync' })).not.toMatch(/disk/);
    expect(weakerPromise({ mode, groupCommit: 'async' })).toMatch(/AT LEAST once.*that disk is lost/);
  });
});
