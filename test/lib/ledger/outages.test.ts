import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import { dynamoOutages } from '../../../lib/ledger/dynamodb-outages.ts';
import { memoryOutages, type Outage, type OutageKey, type Outages } from '../../../lib/ledger/outage.ts';
import { epochMillis } from '../../../lib/units.ts';
import { clientOfNobody, type LedgerServer, startLedgerServer, TABLE } from '../../support/ledger-server.ts';

const NOW = 1_700_000_000_000;
let tables = 0;

/** A key that no other test has used. */
const freshKey = (): OutageKey => ({ loader: 'test', target: `db.t${tables++}` });
const at = (span: number) => epochMillis(NOW + span);

const OUTAGE: Outage = {
  cause: 'unavailable',
  reason: 'connection refused',
  failures: 3,
  since: at(-9_000),
  phase: 'pause',
  until: at(1_000),
  fence: 1,
};

const open = (outage: Outage) => ({ kind: 'open', outage }) as const;
const probe = (now: number, until: number, fence: number) => ({ kind: 'probe', now: at(now), until: at(until), fence }) as const;
const report = (of: number, outage: Outage) => ({ kind: 'report', of, outage }) as const;

function outageSuite(outagesOf: () => Outages): void {
  it('know of none at first, and asking makes none', async () => {
    const key = freshKey();

    expect(await outagesOf().write(key, probe(0, 60_000, 1))).toEqual({ kind: 'none' });
    expect(await outagesOf().write(key, report(1, OUTAGE))).toEqual({ kind: 'none' });
    expect(await outagesOf().write(key, probe(0, 60_000, 1))).toEqual({ kind: 'none' });
  });

  it('keep the first word on an outage, and tell it to whoever comes second', async () => {
    const key = freshKey();

    expect(await outagesOf().write(key, open(OUTAGE))).toEqual({ kind: 'written', outage: OUTAGE });
    expect(await outagesOf().write(key, open({ ...OUTAGE, cause: 'overload', fence: 2 }))).toEqual({ kind: 'refused', outage: OUTAGE });
  });

  it('permit a probe when the pause is over, and no second one until its time is up', async () => {
    const key = freshKey();
    await outagesOf().write(key, open(OUTAGE));

    expect(await outagesOf().write(key, probe(999, 60_999, 2))).toEqual({ kind: 'refused', outage: OUTAGE });
    const probed = { ...OUTAGE, phase: 'probe', until: at(61_000), fence: 3 };
    expect(await outagesOf().write(key, probe(1_000, 61_000, 3))).toEqual({ kind: 'written', outage: probed });
    expect(await outagesOf().write(key, probe(60_999, 99_000, 4))).toEqual({ kind: 'refused', outage: probed });
    expect(await outagesOf().write(key, probe(61_000, 99_000, 5))).toMatchObject({ kind: 'written', outage: { fence: 5 } });
  });

  it('take the report of the probe that holds the permission, and of no other', async () => {
    const key = freshKey();
    await outagesOf().write(key, open(OUTAGE));
    await outagesOf().write(key, probe(1_000, 61_000, 2));
    const longer: Outage = { ...OUTAGE, cause: 'overload', failures: 4, until: at(3_000), fence: 3 };

    expect(await outagesOf().write(key, report(1, longer))).toMatchObject({ kind: 'refused', outage: { fence: 2 } });
    expect(await outagesOf().write(key, report(2, longer))).toEqual({ kind: 'written', outage: longer });
    expect(await outagesOf().write(key, report(2, longer))).toEqual({ kind: 'refused', outage: longer });
  });

  it('permit a probe when the end of a pause is so far ahead that only a wrong clock can have written it', async () => {
    const key = freshKey();
    await outagesOf().write(key, open({ ...OUTAGE, until: at(300_000) }));

    expect((await outagesOf().write(key, probe(0, 60_000, 2))).kind).toBe('refused');
    expect((await outagesOf().write(key, probe(-1, 60_000, 2))).kind).toBe('written');
  });

  it('forget an outage that is over, as often as they are told', async () => {
    const key = freshKey();
    await outagesOf().write(key, open(OUTAGE));

    await outagesOf().clear(key);
    await outagesOf().clear(key);

    expect(await outagesOf().write(key, probe(0, 60_000, 1))).toEqual({ kind: 'none' });
    expect(await outagesOf().write(key, open({ ...OUTAGE, fence: 7 }))).toMatchObject({ kind: 'written', outage: { fence: 7 } });
  });

  it('give a probe to exactly one of many that want it at once', async () => {
    const key = freshKey();
    await outagesOf().write(key, open(OUTAGE));

    const wanted = Array.from({ length: 20 }, (_, n) => outagesOf().write(key, probe(1_000, 61_000, n + 2)));

    expect((await Promise.all(wanted)).filter(({ kind }) => kind === 'written')).toHaveLength(1);
  });

  it('keep tables and loaders apart', async () => {
    const key = freshKey();
    await outagesOf().write(key, open(OUTAGE));

    expect(await outagesOf().write(freshKey(), probe(0, 60_000, 1))).toEqual({ kind: 'none' });
    expect(await outagesOf().write({ ...key, loader: 'other' }, probe(0, 60_000, 1))).toEqual({ kind: 'none' });
  });

  it.each(['unavailable', 'overload', 'running', 'unknown', 'rejected-config', 'fuse-blown'] as const)(
    'keep %s as a cause',
    async (cause) => {
      const key = freshKey();
      await outagesOf().write(key, open({ ...OUTAGE, cause }));

      expect(await outagesOf().write(key, open(OUTAGE))).toMatchObject({ kind: 'refused', outage: { cause } });
    },
  );
}

describe('outages in memory', () => {
  const outages = memoryOutages();
  outageSuite(() => outages);
});

describe.each(['dynoxide', 'dynalite'] as const)('outages on DynamoDB (%s)', (engine) => {
  let server: LedgerServer;
  let client: LedgerServer['client'];
  beforeAll(async () => {
    server = await startLedgerServer(engine);
    ({ client } = server);
  });
  afterAll(() => server.close());

  outageSuite(() => dynamoOutages(client, TABLE));

  it('are items under the loader, one a table, which the table drops after a week', async () => {
    const key = freshKey();
    await dynamoOutages(client, TABLE).write(key, open(OUTAGE));

    const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: 'test#outage' }, sk: { S: key.target } } }));
    expect(Item).toMatchObject({
      cause: { S: 'unavailable' },
      failures: { N: '3' },
      expiresAt: { N: String((NOW + 1000) / 1000 + 604_800) },
    });
  });

  it('keep a reason that is cut within a character', async () => {
    const key = freshKey();

    const reply = await dynamoOutages(client, TABLE).write(key, open({ ...OUTAGE, reason: `x${'\u{1F600}'.repeat(300)}` }));

    expect(reply).toMatchObject({ kind: 'written' });
  });

  it('say that they are unavailable when an item is damaged, and name it', async () => {
    const key = freshKey();
    const item = { pk: { S: 'test#outage' }, sk: { S: key.target }, until: { S: 'soon' } };
    await client.send(new PutItemCommand({ TableName: TABLE, Item: item }));
    const asked = dynamoOutages(client, TABLE).write(key, probe(0, 60_000, 1));

    await expect(asked).rejects.toThrow(LedgerUnavailable);
    await expect(asked).rejects.toThrow(`test#outage / ${key.target} is damaged`);
  });

  it('say that they are unavailable when nobody answers', async () => {
    const nobody = dynamoOutages(clientOfNobody(), TABLE);

    await expect(nobody.write(freshKey(), open(OUTAGE))).rejects.toThrow(LedgerUnavailable);
    await expect(nobody.clear(freshKey())).rejects.toThrow(LedgerUnavailable);
  });
});
