import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { dynamoLedger } from '../../../lib/ledger/dynamodb.ts';
import { listLedger } from '../../../lib/ledger/listing.ts';
import { resetCheckpoint } from '../../../lib/ledger/reset.ts';
import { kinesisPosition, type Position } from '../../../lib/source/position.ts';
import type { KinesisShard } from '../../../lib/source/record.ts';
import { type LedgerServer, startLedgerServer, TABLE } from '../../support/ledger-server.ts';
import { SHARD } from '../../support/shard.ts';

const at = (n: number): Position => kinesisPosition(String(n));
const handed = [{ after: at(3), through: at(6) }];

let server: LedgerServer;
beforeAll(async () => {
  server = await startLedgerServer('dynoxide');
});
afterAll(() => server.close());

describe('a watermark that is moved by hand', () => {
  it.each([
    ['back', 4, undefined],
    ['on', 8, handed],
  ])('keeps what redrive took over unless the loader may load it again: %s', async (name, to, kept) => {
    const { client } = server;
    const ledger = dynamoLedger(client, TABLE, systemClock);
    const key = { loader: name, source: SHARD as KinesisShard, target: 'db.t' };
    await ledger.move(key, { expect: { kind: 'vacant', before: at(4) }, through: at(6), handed });
    const { checkpoints } = await listLedger(client, TABLE, { kind: 'loader', loader: name }, () => {});
    const [listed] = checkpoints;

    expect(listed !== undefined && (await resetCheckpoint(client, TABLE, listed, at(to), systemClock))).toBe(true);

    expect(await ledger.read(key)).toEqual({ through: at(to), ...(kept === undefined ? {} : { handed: kept }) });
  });
});
