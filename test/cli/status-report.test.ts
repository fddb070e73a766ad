import { describe, expect, it } from 'vitest';
import { unsettledFrom } from '../../cli/status/gather.ts';
import { partitionFindings, partitionLines } from '../../cli/status/partitions.ts';
import { reportOf } from '../../cli/status/report.ts';
import { shortPosition } from '../../cli/words.ts';
import type { Checkpoint, Claim } from '../../lib/ledger/checkpoint.ts';
import type { ListedCheckpoint, ListedGroup } from '../../lib/ledger/listing.ts';
import type { Label } from '../../lib/plan/label.ts';
import { kinesisPosition } from '../../lib/source/position.ts';
import { spanText } from '../../lib/span-text.ts';
import { epochMillis } from '../../lib/units.ts';

const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;

const claim: Claim = {
  state: { kind: 'open' },
  label: 'l' as Label,
  first: kinesisPosition('41'),
  last: kinesisPosition('45'),
  rows: 5,
  routes: '',
  origin: 'cut',
  deadline: epochMillis(NOW),
  fence: 1,
  claimedAt: epochMillis(NOW - HOUR),
};

function checkpoint(table: string, through: string | undefined, open?: Claim): ListedCheckpoint {
  return {
    loader: 'demo',
    source: { kind: 'kinesis', stream: 'arn:s', streamName: 's', shard: 'shard-1' },
    target: `db.${table}`,
    checkpoint: {
      ...(through === undefined ? {} : { through: kinesisPosition(through, 3) }),
      ...(open === undefined ? {} : { claim: open }),
    },
    totals: { rows: 0, bytes: 0, loads: 0, deadLetters: 0 },
    updatedAt: epochMillis(NOW),
  };
}

describe('the first record that is not settled', () => {
  const [quiet, busy] = [checkpoint('quiet', '10'), checkpoint('busy', '40')];

  it('comes after the furthest watermark of the shard, whichever table has it', () => {
    expect(unsettledFrom(quiet, [quiet, busy], false)).toEqual({ kind: 'after', sequenceNumber: '40' });
  });

  it('may come after the own watermark of a table that takes no loads', () => {
    expect(unsettledFrom(quiet, [quiet, busy], true)).toEqual({ kind: 'after', sequenceNumber: '10' });
  });

  it('is the first of an open claim', () => {
    const claimed = checkpoint('busy', '40', claim);

    expect(unsettledFrom(claimed, [quiet, claimed], false)).toEqual({ kind: 'at', sequenceNumber: '41' });
  });

  it('is the oldest of the shard when nothing was ever settled', () => {
    const none = checkpoint('none', undefined);

    expect(unsettledFrom(none, [none], false)).toEqual({ kind: 'oldest' });
  });
});

describe('the report of several shards', () => {
  const stream = { arn: 'arn:s', name: 's', retentionHours: 24, shards: [] };
  const waitingFor = (hours: number) => ({ truncated: false, next: { kind: 'record', arrivedAt: NOW - hours * HOUR } as const });
  const shard = (id: string, hours: number, open?: Claim) =>
    ({ shard: id, state: 'open', tables: [{ ...checkpoint('t', '9', open), waiting: waitingFor(hours) }] }) as const;

  it('names the worst shard and no sum', () => {
    const { worst } = reportOf([{ isThere: true, stream, shards: [shard('1', 2), shard('2', 5), shard('3', 1)] }], NOW);

    expect(worst).toEqual({ behindMs: 5 * HOUR, retentionLeftMs: 19 * HOUR });
  });

  it('warns when less than a quarter of the retention is left', () => {
    expect(reportOf([{ isThere: true, stream, shards: [shard('1', 17)] }], NOW).findings).toEqual([]);
    expect(reportOf([{ isThere: true, stream, shards: [shard('1', 19)] }], NOW).findings).toEqual([
      expect.stringMatching(/^s 1 -> db\.t: the stream drops unsettled records in 5 h: raise its retention/),
    ]);
  });

  it('tells of a breaker once for all shards of its table', () => {
    const outage = { cause: 'unavailable', reason: 'no route', failures: 3, since: NOW - HOUR, until: NOW, phase: 'pause' };
    const broken = (id: string) => {
      const [table] = shard(id, 1).tables;
      return { ...shard(id, 1), tables: [{ ...table, outage: { loader: 'demo', target: 'db.t', outage } }] };
    };
    const streams = [{ isThere: true, stream, shards: [broken('1'), broken('2')] }] as unknown as Parameters<typeof reportOf>[0];

    expect(reportOf(streams, NOW).findings).toEqual([
      's 2 shards -> db.t: the breaker is open for 60 min: unavailable after 3 failures: no route; the next load tries it. Run doctor',
    ]);
  });

  it('says why a shard waits for a person', () => {
    const contradicted: Claim = { ...claim, state: { kind: 'contradicted', reason: '1 of 2 rows' } };

    expect(reportOf([{ isThere: true, stream, shards: [shard('1', 1, contradicted)] }], NOW).findings).toEqual([
      's 1 -> db.t: the shard waits for a person: 1 of 2 rows. Compare the table with the records of load l, then see resolve-label',
    ]);
  });

  it('asks for the mapping when no delivery resolves a claim', () => {
    expect(reportOf([{ isThere: true, stream, shards: [shard('1', 1, claim)] }], NOW).findings).toEqual([
      's 1 -> db.t: claim l is open for 60 min: no delivery has resolved it - is the mapping enabled? Where it waits for a person (unverifiable), see resolve-label',
    ]);
  });
});

describe('partitions of Iggy', () => {
  const group = (partition: string, settled: boolean, registered: number, checkpoint: Checkpoint = {}): ListedGroup => ({
    loader: 'demo',
    source: { kind: 'iggy', stream: 'shop/orders', streamName: 'shop', topicName: 'orders', shard: partition },
    target: 'db.t',
    group: { sort: '7#x' },
    checkpoint,
    settled,
    registeredAt: epochMillis(NOW - registered),
    totals: { rows: 10, bytes: 100, loads: 1, deadLetters: 0 },
  });

  it('add up what their groups loaded, and tell how long the oldest is under way', () => {
    const lines = partitionLines(
      [group('0', true, 5 * HOUR), group('0', false, HOUR), group('0', false, 2 * HOUR), group('1', true, 1)],
      [],
      NOW,
    );

    expect(lines).toEqual([
      expect.objectContaining({ partition: '0', groups: 3, unsettled: 2, unsettledForMs: 2 * HOUR, rows: 30, loads: 3 }),
      expect.objectContaining({ partition: '1', groups: 1, unsettled: 0, unsettledForMs: 0 }),
    ]);
    expect(partitionFindings(lines)).toEqual([
      'shop/orders 0 -> db.t: 2 groups of messages not settled, the oldest for 2 h - is the mapping of the queue enabled?',
    ]);
  });

  it('name each load that waits for a person', () => {
    const contradicted: Claim = { ...claim, state: { kind: 'contradicted', reason: '1 of 2 rows' } };

    expect(partitionFindings(partitionLines([group('0', false, 1, { claim: contradicted }), group('0', false, 1)], [], NOW))).toEqual([
      'shop/orders 0 -> db.t: messages wait for a person: 1 of 2 rows. Compare the table with the records of load l, then see resolve-label',
    ]);
  });
});

describe('words for people', () => {
  it('spell spans with two digits', () => {
    expect([0, 840, 1500, 9_450, 90_000, 26 * HOUR, 4 * 24 * HOUR].map(spanText)).toEqual([
      '0 ms',
      '840 ms',
      '1.5 s',
      '9.4 s',
      '1.5 min',
      '26 h',
      '4 d',
    ]);
  });

  it('keep the end of a long position', () => {
    expect(shortPosition('49680418300139485520397344578767497452384213644123045890')).toBe('…4213644123045890');
    expect(shortPosition('12345')).toBe('12345');
  });
});
