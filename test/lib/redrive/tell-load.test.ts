import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { labelOf } from '../../../lib/plan/label.ts';
import { dynamoRedrives } from '../../../lib/redrive/dynamodb-redrives.ts';
import type { FoundLoad } from '../../../lib/redrive/find.ts';
import { loadKey } from '../../../lib/redrive/items.ts';
import type { LoadKey, RedriveLoad } from '../../../lib/redrive/ledger.ts';
import { tellLoad } from '../../../lib/redrive/tell-load.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import { epochMillis } from '../../../lib/units.ts';
import { type LedgerServer, startLedgerServer, TABLE } from '../../support/ledger-server.ts';
import { SHARD } from '../../support/shard.ts';

const label = labelOf('test', {
  source: SHARD,
  target: { database: 'db', table: 't' },
  members: [{ position: kinesisPosition('7'), itemIdentifier: '7' }],
});
const OPEN = { label, state: 'open', rows: 1, deadline: epochMillis(0), claimedAt: epochMillis(5), fence: 1 } as const;
const CONTRADICTED: RedriveLoad = { ...OPEN, state: 'contradicted', reason: '0 of 1 rows', fence: 2 };

let server: LedgerServer;
beforeAll(async () => {
  server = await startLedgerServer('dynoxide');
});
afterAll(() => server.close());

/** A load as the ledger has it, and as a person was shown it. */
async function written(name: string, load: RedriveLoad) {
  const key: LoadKey = { loader: 'test', source: SHARD, name: `${label}#${name}` };
  const ledger = dynamoRedrives(server.client, TABLE, systemClock);
  await ledger.open(key, OPEN);
  if (load.state !== 'open') await ledger.write(key, load);
  const { pk, sk } = loadKey(key);
  const item = { pk: pk?.S ?? '', sk: sk?.S ?? '' };
  const shown = (seen: RedriveLoad): FoundLoad => ({ loader: 'test', stream: SHARD.stream, shard: SHARD.shard, item, load: seen });
  return { shown, now: () => ledger.read(key) };
}

describe('a contradicted load of a redrive', () => {
  it.each([
    ['stored', 'stored'],
    ['not-stored', 'void'],
  ] as const)('is over by the word of a person: %s makes it %s', async (word, state) => {
    const { shown, now } = await written(word, CONTRADICTED);

    expect(await tellLoad(server.client, TABLE, shown(CONTRADICTED), word, systemClock)).toBe(true);

    const { fence, ...load } = await now();
    expect(load).toEqual({ label, rows: 1, deadline: 0, claimedAt: 5, state });
    expect(fence).not.toBe(CONTRADICTED.fence);
  });

  it('stays as it is when it is not as the person was shown it', async () => {
    const { shown, now } = await written('changed', CONTRADICTED);

    expect(await tellLoad(server.client, TABLE, shown({ ...CONTRADICTED, fence: 1 }), 'stored', systemClock)).toBe(false);

    expect(await now()).toEqual(CONTRADICTED);
  });

  it('is told once', async () => {
    const { shown, now } = await written('twice', CONTRADICTED);
    await tellLoad(server.client, TABLE, shown(CONTRADICTED), 'stored', systemClock);

    expect(await tellLoad(server.client, TABLE, shown(CONTRADICTED), 'not-stored', systemClock)).toBe(false);

    expect((await now()).state).toBe('stored');
  });
});

it('a load that is still open takes no word of a person', async () => {
  const { shown, now } = await written('open', OPEN);

  expect(await tellLoad(server.client, TABLE, shown(OPEN), 'stored', systemClock)).toBe(false);

  expect(await now()).toEqual(OPEN);
});
