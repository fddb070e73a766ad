import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import { seconds } from '../../../lib/units.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { IS_REAL_DORIS } from '../../support/given.ts';
import { aCluster, aLoad, backendSaying, failure, report } from './support/doris.ts';
import { type Dorises, prepared, startDorises } from './support/dorises.ts';

const GROUP_COMMIT = { mode: 'group-commit-may-duplicate' } as const;

let dorises: Dorises;
let plain: DorisStandIn;
beforeAll(async () => {
  dorises = await startDorises();
  ({ plain } = dorises);
});
afterEach(() => plain.faults.clear());
afterAll(() => dorises.close());

/** The backend's report on two rows that went into a group. */
function grouped(change: Readonly<Record<string, unknown>> = {}) {
  return report({ Label: 'group_commit_1f', TwoPhaseCommit: undefined, GroupCommit: true, ...change });
}

describe('a load through group commit', () => {
  it.each(['frontend', 'backend'] as const)('by the %s is stored, and its label is none that Doris knows', async (route) => {
    const { client, load, keys, deadline } = await prepared(plain, { ...GROUP_COMMIT, route });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'grouped', attempts: 1 });

    expect(await keys()).toEqual([1, 2]);
    expect(await client.labelState('db', load.label, deadline)).toEqual({ kind: 'unknown' });
    client.settled('db', load.label);
    expect(client.witness('db')).toBeUndefined();
  });

  it('that is not waited for becomes visible after the interval of its table', async () => {
    const { client, load, keys, deadline } = await prepared(
      plain,
      { ...GROUP_COMMIT, groupCommit: 'async' },
      ', "group_commit_interval_ms" = "50"',
    );

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'grouped' });
    await expect.poll(keys).toEqual([1, 2]);
  });

  it.skipIf(IS_REAL_DORIS)('whose reply is lost is put again, and may be stored twice', async () => {
    const { client, load, keys, deadline } = await prepared(plain, GROUP_COMMIT);
    plain.faults.add({ at: 'be.reply', times: 1, action: { kind: 'reset' } });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'grouped', attempts: 2 });
    expect(await keys()).toEqual([1, 1, 2, 2]);
  });

  it('into a table that does not exist is a refused configuration', async () => {
    const { client, load, deadline } = await prepared(plain, GROUP_COMMIT);

    const outcome = await client.load({ ...load, target: { database: 'db', table: 'nowhere' } }, deadline);

    expect(outcome).toMatchObject({ kind: 'rejected-config' });
  });

  it('whose rows are bad is refused with a reason', async () => {
    const { client, load, deadline } = await prepared(plain, GROUP_COMMIT);
    const bad = [Buffer.from('{"k":1,"v":"a"}\n'), Buffer.from('{"k":null,"v":"b"}\n')];

    const outcome = await client.load({ ...load, body: bad }, deadline);

    expect(outcome).toMatchObject({ kind: 'rejected-data', rejection: { reason: expect.stringMatching(/null/i) } });
  });
});

describe('what a load through group commit says to Doris, and hears', () => {
  it.each([
    ['sync', 'sync_mode'],
    ['async', 'async_mode'],
  ] as const)('is, in mode %s, no label on any hop', async (groupCommit, header) => {
    const { fe, be, doris, within } = await aCluster(backendSaying(grouped()), [], { ...GROUP_COMMIT, groupCommit });

    await doris.load(aLoad(), within(seconds(20)));

    expect([...fe.seen, ...be.seen].map(({ headers }) => [headers['label'], headers['group_commit']])).toEqual([
      [undefined, header],
      [undefined, header],
    ]);
  });

  it('is told apart when Doris stored the rows in a transaction of their own', async () => {
    const { doris, within } = await aCluster(backendSaying(report({ Label: 'b7e5c8d2-1f' })), [], GROUP_COMMIT);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'committed', how: 'not-grouped' });
  });

  it('is a refusal of rows when some were filtered, though the others are stored', async () => {
    const reply = grouped({ NumberLoadedRows: 1, NumberFilteredRows: 1, FirstErrorMsg: 'column(k) values is null' });
    const { doris, within } = await aCluster(backendSaying(reply), [], GROUP_COMMIT);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({
      kind: 'rejected-data',
      rejection: { reason: 'column(k) values is null', counted: { total: 2, filtered: 1 } },
    });
  });

  it.each(['group_commit_1f', 'b7e5c8d2-1f'])('is a refusal of its rows whatever label Doris gave it (%s)', async (label) => {
    const reply = report({ Label: label, Status: 'Fail', Message: '[DATA_QUALITY_ERROR]too many filtered rows' });
    const { doris, within } = await aCluster(backendSaying(reply), [], GROUP_COMMIT);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'rejected-data' });
  });

  it('blames rows without asking for a label that does not exist', async () => {
    const { fe, doris, within } = await aCluster(backendSaying(failure('[DATA_QUALITY_ERROR]too many filtered rows')), [], GROUP_COMMIT);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'rejected-data' });
    expect(fe.seen.filter(({ path }) => path.includes('get_load_state'))).toEqual([]);
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['fewer rows', { NumberLoadedRows: 1 }],
    ['unselected rows', { NumberUnselectedRows: 1 }],
  ])('stops the loader when Success tells of %s', async (_, change) => {
    const { doris, within } = await aCluster(backendSaying(grouped(change)), [], GROUP_COMMIT);

    await expect(doris.load(aLoad(), within(seconds(20)))).rejects.toThrow(ContractViolation);
  });

  it('is no success without a count of rows', async () => {
    const { doris, within } = await aCluster(backendSaying(grouped({ NumberLoadedRows: undefined }), grouped()), [], GROUP_COMMIT);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'committed', attempts: 2 });
  });
});
