import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import { listLedger } from '../../../lib/ledger/listing.ts';
import type { Label } from '../../../lib/plan/label.ts';
import { dynamoRedrives } from '../../../lib/redrive/dynamodb-redrives.ts';
import { type FoundLoad, findLetters, foundLoadOf, isLoadUnder } from '../../../lib/redrive/find.ts';
import type { RedriveLoad } from '../../../lib/redrive/ledger.ts';
import { iggyPosition, kinesisPosition } from '../../../lib/source/position.ts';
import type { SourceShard } from '../../../lib/source/record.ts';
import { epochMillis } from '../../../lib/units.ts';
import { SHARD_ID, STREAM_ARN } from '../../support/builders.ts';
import { type LedgerServer, startLedgerServer, TABLE } from '../../support/ledger-server.ts';

const SHARD = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID } as const;
/** Iggy's names may hold what parts the ledger's keys. */
const PARTITION: SourceShard = { kind: 'iggy', stream: 's#1/t#redrive#', streamName: 's#1', topicName: 't#redrive#', shard: '4' };
const LOAD: RedriveLoad = {
  label: 'l-1' as Label,
  state: 'open',
  rows: 2,
  deadline: epochMillis(10),
  claimedAt: epochMillis(5),
  fence: 1,
};

let server: LedgerServer;
let client: DynamoDBClient;

beforeAll(async () => {
  server = await startLedgerServer();
  client = server.client;
  const redrives = dynamoRedrives(client, TABLE, systemClock);
  for (const loader of ['a', 'b']) {
    const shard = { loader, source: SHARD, name: `l-1#${loader}` };
    await redrives.open(shard, { ...LOAD, claimedAt: epochMillis(loader === 'a' ? 7 : 6) });
    await redrives.bind({ ...shard, target: 'db.t', position: kinesisPosition('7', 3) }, { kind: 'new' }, shard.name);
    await redrives.bind({ ...shard, target: 'db.t', position: kinesisPosition('70') }, { kind: 'new' }, 'l-9#gone');
  }
  const iggy = { id: 'f'.repeat(32), timestamp: '1700000000000000' };
  const key = { loader: 'a', source: PARTITION, target: 'db.u', position: iggyPosition('7'), iggy };
  await redrives.open({ loader: 'a', source: PARTITION, name: 'l-2#x' }, { ...LOAD, label: 'l-2' as Label });
  await redrives.bind(key, { kind: 'new' }, 'l-2#x');
  await redrives.decide(key, 'l-2#x', 'free');
});
afterAll(() => server.close());

describe('a redriven record', () => {
  it.each([
    ['the keys of its shard', { kind: 'shards', loader: 'a', shards: [SHARD] }],
    ['its loader', { kind: 'loader', loader: 'a' }],
  ] as const)('is found by its position and %s, with the load that it belongs to', async (_, scope) => {
    expect(await findLetters(client, TABLE, scope, [kinesisPosition('7', 3)])).toEqual([
      {
        loader: 'a',
        stream: STREAM_ARN,
        shard: SHARD_ID,
        target: 'db.t',
        position: '7:3',
        state: { kind: 'bound', load: 'l-1#a' },
        load: { ...LOAD, claimedAt: 7 },
      },
    ]);
  });

  it('is not one whose position only begins like it', async () => {
    expect(await findLetters(client, TABLE, { kind: 'everything' }, [kinesisPosition('7')])).toEqual([]);
  });

  it('is found of a topic of Iggy with any name, with the fate that was found out for it alone', async () => {
    expect(await findLetters(client, TABLE, { kind: 'everything' }, [kinesisPosition('7'), iggyPosition('7')])).toMatchObject([
      { loader: 'a', stream: 's#1/t#redrive#', shard: '4', target: 'db.u', position: '7', state: { kind: 'free' }, load: { label: 'l-2' } },
    ]);
  });

  it('is found where its load is gone from the ledger', async () => {
    expect(await findLetters(client, TABLE, { kind: 'loader', loader: 'b' }, [kinesisPosition('70')])).toMatchObject([
      { state: { kind: 'bound', load: 'l-9#gone' }, load: undefined },
    ]);
  });
});

describe('a load of redriven records', () => {
  it('is found by its label among all items of the ledger, of whichever loader', async () => {
    const found: FoundLoad[] = [];
    await listLedger(
      client,
      TABLE,
      { kind: 'everything' },
      () => {},
      (item) => {
        if (isLoadUnder('l-1', item)) found.push(foundLoadOf(item));
      },
    );

    expect(found.toSorted((a, b) => (a.loader < b.loader ? -1 : 1))).toMatchObject(
      ['a', 'b'].map((loader) => ({ loader, stream: STREAM_ARN, shard: SHARD_ID, load: { state: 'open', rows: 2 } })),
    );
  });

  it('is not one whose label only begins like it', () => {
    expect(isLoadUnder('l', { sk: { S: 'load#l-1#a' } })).toBe(false);
  });
});

describe('an item of a redrive whose place is damaged', () => {
  it.each(['a#redrive#iggy#["s","t"#4', 'a#redrive#iggy#["s"]#4', 'a#redrive#iggy#{"s":"t"}#4', 'a#redrive#pulsar#s#4', 'a#redrive'])(
    'is named with what it should be: %s',
    (pk) => {
      const item = { pk: { S: pk }, sk: { S: 'load#l-1#a' } };

      expect(() => foundLoadOf(item)).toThrow(
        new ContractViolation(
          `ledger item ${pk} / load#l-1#a is damaged: pk: must be <loader>#redrive#<source>#<stream>#<shard>. Repair or delete it`,
        ),
      );
    },
  );
});
