import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kinesisEvent } from '../support/builders.ts';
import { IS_REAL_DORIS, NEEDS_STAND_IN } from '../support/given.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

let stack: LocalStack;

beforeAll(async () => {
  stack = await startLocalStack();
});
afterAll(() => stack.close());
beforeEach(async () => {
  await stack.select('DROP TABLE IF EXISTS t');
  await stack.select(
    'CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(8) NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
});
afterEach(async () => {
  stack.doris.faults.clear();
  await stack.letters();
});

/** A function of its own with a ledger of its own. */
function aLoader(prefix: string, env: Readonly<Record<string, string>>) {
  const host = stack.startFunction({ LABEL_PREFIX: prefix, ...env });
  return {
    lines: host.lines,
    deliver: async (...payloads: readonly string[]) => {
      const event = kinesisEvent(payloads.map((data, n) => ({ data, sequenceNumber: String(100 + n) })));
      const result = await host.invoke(JSON.stringify(event));
      return result.kind === 'returned' ? JSON.parse(result.payload) : result;
    },
  };
}

const SUCCESS = { batchItemFailures: [] };
const AGAIN = { batchItemFailures: [{ itemIdentifier: '100' }] };
const ids = async () => (await stack.select('SELECT id FROM t ORDER BY id')).map(([id]) => String(id));
const logged = (lines: readonly string[], message: string) => lines.filter((line) => line.includes(`"message":"${message}"`));

describe('the bundle that is deployed, in two phases,', () => {
  it('loads a batch, isolates its bad row, and says nothing of a weaker promise', async () => {
    const loader = aLoader('phases', { DORIS_LOAD_MODE: 'two-phase' });

    expect(await loader.deliver('{"id":1}', '{"id":2,"name":"far too long"}', '{"id":3}')).toEqual(SUCCESS);

    expect(await ids()).toEqual(['1', '3']);
    expect(logged(loader.lines, 'weaker-promise')).toEqual([]);
  });

  it('shows no row that is not committed, and commits it with the next delivery under the transaction that it has', async ({ skip }) => {
    skip(IS_REAL_DORIS, NEEDS_STAND_IN);
    const loader = aLoader('held', { DORIS_LOAD_MODE: 'two-phase', DORIS_MAX_ATTEMPTS: '1' });
    stack.doris.faults.add({ at: 'be.two-phase', action: { kind: 'reset' } });
    expect(await loader.deliver('{"id":1}', '{"id":2}')).toEqual(AGAIN);
    expect(await ids()).toEqual([]);
    stack.doris.faults.clear();

    expect(await loader.deliver('{"id":1}', '{"id":2}')).toEqual(SUCCESS);

    expect(await ids()).toEqual(['1', '2']);
    const transactions = stack.doris.transactions('demo').filter(({ label }) => label.startsWith('held-'));
    expect(transactions.map(({ state }) => state)).toEqual(['VISIBLE']);
  });
});

describe('the bundle that is deployed, with group commit,', () => {
  const GROUP_COMMIT = { DORIS_LOAD_MODE: 'group-commit-may-duplicate' };

  it('says once a process what it promises less, loads without labels, and trims what is settled', async () => {
    const loader = aLoader('grouped', GROUP_COMMIT);

    expect(await loader.deliver('{"id":1}', '{"id":2}')).toEqual(SUCCESS);
    expect(await loader.deliver('{"id":1}', '{"id":2}', '{"id":3}')).toEqual(SUCCESS);

    expect(await ids()).toEqual(['1', '2', '3']);
    expect(logged(loader.lines, 'weaker-promise')).toMatchObject([expect.stringContaining('AT LEAST once')]);
    expect(logged(loader.lines, 'load').map((line) => JSON.parse(line).how)).toEqual(['grouped', 'grouped']);
  });

  it('loads again what it has no answer to', async ({ skip }) => {
    skip(IS_REAL_DORIS, NEEDS_STAND_IN);
    const loader = aLoader('doubled', GROUP_COMMIT);
    stack.doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'reset' } });

    expect(await loader.deliver('{"id":1}')).toEqual(SUCCESS);

    expect(await ids()).toEqual(['1', '1']);
  });
});

describe('the bundle that is deployed, packing its loads,', () => {
  const MANY = Array.from({ length: 60 }, (_, id) => `{"id":${id}}`);
  const PACKED = { DORIS_COMPRESSION: 'gzip' };

  it('stores each row once, and finds the bad one by loads that are not packed', async () => {
    const loader = aLoader('packed', PACKED);

    expect(await loader.deliver(...MANY, '{"id":60,"name":"far too long"}')).toEqual(SUCCESS);

    expect((await stack.select('SELECT COUNT(*), COUNT(DISTINCT id) FROM t'))[0]?.map(Number)).toEqual([60, 60]);
    expect((await stack.letters()).map(({ position }) => position)).toEqual(['160']);
  });

  it('packs the next batch, too, after a bad row', async () => {
    const loader = aLoader('packs', PACKED);
    await loader.deliver(...MANY.slice(0, 20), '{"id":20,"name":"far too long"}');
    loader.lines.length = 0;

    expect(await loader.deliver(...MANY)).toEqual(SUCCESS);

    const [load] = logged(loader.lines, 'load').map((line) => JSON.parse(line));
    expect(load).toMatchObject({ outcome: 'committed', packing: { kind: 'packed', bytes: expect.any(Number) } });
    expect(load.packing.bytes).toBeLessThan(load.bytes / 2);
  });
});
