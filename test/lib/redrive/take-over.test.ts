import { describe, expect, it } from 'vitest';
import { deadlineIn } from '../../../lib/deadline.ts';
import type { Claim, ClaimState } from '../../../lib/ledger/checkpoint.ts';
import type { Label } from '../../../lib/plan/label.ts';
import { takeOver } from '../../../lib/redrive/take-over.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import { mebibytes, seconds } from '../../../lib/units.ts';
import { SHARD_ID, STREAM_ARN } from '../../support/builders.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';
import { memoryStream } from '../../support/memory-stream.ts';
import { virtualClock } from '../../support/virtual-clock.ts';
import { RULES } from '../../support/world.ts';

const RARE = { database: 'db', table: 'rare' };

describe('a table that few records of a long shard go to', () => {
  it('takes no more than half of the time that is left to be looked for, so that other batches have theirs', async () => {
    const clock = virtualClock();
    const stream = memoryStream();
    for (let n = 0; n < 100; n++) stream.put(n);
    const deadline = deadlineIn(seconds(10), clock);
    const taking = {
      streams: { client: stream.client, clock },
      checkpoints: memoryLedger(),
      decode: { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(10), keepFields: ['n'] },
      routing: { ...RULES.routing, rules: [{ field: 'n', equals: 99, target: RARE }] },
      deadline,
      dryRun: false,
    };
    const source = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID } as const;
    const share = { loader: 'test', source, target: RARE, positions: [kinesisPosition('1099')], last: '1099' };

    await expect(takeOver(taking, share)).rejects.toThrow('there is no time to read what lies before it in its shard');

    expect(deadline.remaining()).toBeGreaterThanOrEqual(seconds(4.5));
    expect(await takeOver({ ...taking, deadline: deadlineIn(seconds(20), clock) }, share)).toMatchObject({
      through: kinesisPosition('1099'),
      handed: [{ through: kinesisPosition('1099') }],
    });
  });
});

describe('a batch whose records a load of the loader has in hand', () => {
  it.each<[ClaimState, string]>([
    [{ kind: 'open' }, 'is open: redrive it when that is settled. Only a delivery settles it'],
    [
      { kind: 'contradicted', reason: '1 of 2 rows' },
      'is contradicted: redrive it when that is settled. A person settles it: look which of its rows the table has, then see resolve-label: 1 of 2 rows',
    ],
  ])('waits, and says who settles it: %s', async (state, why) => {
    const clock = virtualClock();
    const stream = memoryStream();
    for (let n = 0; n < 2; n++) stream.put(n);
    const checkpoints = memoryLedger();
    const source = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID } as const;
    const positions = [kinesisPosition('1000'), kinesisPosition('1001')] as const;
    const now = clock.now();
    const claim: Claim = {
      state,
      label: 'l-1' as Label,
      first: positions[0],
      last: positions[1],
      rows: 2,
      routes: '',
      origin: 'cut',
      deadline: now,
      fence: 1,
      claimedAt: now,
    };
    await checkpoints.move({ loader: 'test', source, target: 'db.t' }, { expect: { kind: 'vacant', before: positions[0] }, claim });
    const taking = {
      streams: { client: stream.client, clock },
      checkpoints,
      decode: { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(10), keepFields: [] },
      routing: RULES.routing,
      deadline: deadlineIn(seconds(10), clock),
      dryRun: false,
    };

    const share = { loader: 'test', source, target: { database: 'db', table: 't' }, positions, last: '1001' };

    expect(await takeOver(taking, share)).toContain(`load l-1 of the loader into db.t ${why}`);
  });
});
