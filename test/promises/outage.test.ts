import { beforeAll, describe, expect, it } from 'vitest';
import { hours, type Millis, millis, seconds } from '../../lib/units.ts';
import { type Fleet, REDELIVERY, startFleet, type Trouble } from '../support/fleet.ts';

/** What was seen of an outage that struck in full work. */
interface Seen {
  readonly fleet: Fleet;
  readonly shards: number;
  readonly puts: Fleet['puts'];
  readonly invocations: Fleet['invocations'];
  /** Since the outage began, when each load of it began. */
  readonly began: readonly number[];
  readonly asked: number;
  readonly containers: number;
  /** Since the outage ended, when each shard sent the first load that was stored. */
  readonly back: readonly number[];
}

/** A minute of work, the outage, and as much time afterwards as every shard needs to flow again. */
async function strike(trouble: Trouble, span: Millis, shards: number): Promise<Seen> {
  const fleet = startFleet(shards);
  const { clock, run } = fleet.timeline;
  await run(seconds(60));
  const start = clock.elapsed();
  const [putsBefore, invocationsBefore, askedBefore] = [fleet.puts.length, fleet.invocations.length, fleet.asked.count];
  fleet.trouble = trouble;
  await run(span);
  const puts = fleet.puts.slice(putsBefore).filter(({ at }) => at >= start);
  const invocations = fleet.invocations.slice(invocationsBefore).filter(({ at }) => at >= start);
  const [asked, containers] = [fleet.asked.count - askedBefore, fleet.containers.started];
  const end = clock.elapsed();
  fleet.trouble = undefined;
  await run(seconds(180));
  const stored = fleet.puts.filter(({ at, committed }) => committed && at >= end);
  const firsts = new Map(stored.toReversed().map(({ at, shard }) => [shard, at - end]));
  const began = puts.map(({ at }) => at - start);
  return { fleet, shards, puts, invocations, began, asked, containers, back: [...firsts.values()] };
}

/** A row of the table in docs/reliability.md. */
function tell(outage: string, { puts, containers, invocations, asked, back }: Seen): void {
  const [first, last] = [Math.min(...back), Math.max(...back)].map((at) => (at / 1000).toFixed(0));
  process.stdout.write(
    `${outage}: ${puts.length} loads of ${containers} containers, ${invocations.length} invocations, ${asked} calls to the ledger, back after ${first} to ${last} s\n`,
  );
}

/** Each container fails on its own no more than three times before it doubts; after that loads are a pause apart. */
function expectOneLoadAPause({ puts, containers }: Seen, span: Millis, pause: Millis): void {
  expect(puts.length).toBeLessThanOrEqual(3 * containers + span / pause + 10);
}

function expectNothingLostOrDoubled({ fleet, shards }: Seen): void {
  const counts = new Map<number, number>();
  for (const line of fleet.stored()) {
    const { n } = JSON.parse(line) as { n: number };
    counts.set(n, (counts.get(n) ?? 0) + 1);
  }
  // What is in the table and not settled yet is no more than the batch that every shard has under way.
  const underWay = 2;
  for (let n = 0; n < Math.max(...fleet.settled()) + underWay; n++) {
    expect(counts.get(n) ?? 0).toBeGreaterThanOrEqual(fleet.settled().filter((settled) => settled > n).length);
    expect(counts.get(n) ?? 0).toBeLessThanOrEqual(fleet.settled().filter((settled) => settled + underWay > n).length);
  }
  expect(fleet.settled()).toHaveLength(shards);
  expect(fleet.letters).toEqual([]);
}

/** The pause, the time to return, two clocks that differ, and the next delivery. */
const noticedWithin = (pause: Millis) => pause + seconds(15) + seconds(2) + REDELIVERY;
/** Whoever asked while the probe was under way. */
const allWithin = (pause: Millis) => noticedWithin(pause) + seconds(1) + seconds(15) + REDELIVERY;

describe('two days without Doris', () => {
  const SPAN = hours(48);
  let seen: Seen;
  beforeAll(async () => {
    seen = await strike({ outcome: 'unavailable', takes: seconds(4) }, SPAN, 4);
    tell('48 h, 4 shards', seen);
  }, 240_000);

  it('bring it no more than one load a pause, once every container knows', () => {
    expectOneLoadAPause(seen, SPAN, seconds(30));
  });

  it('have one load under way at a time', () => {
    expect(seen.puts.filter((_, n) => (seen.began[n] ?? 0) > seconds(600)).every(({ together }) => together === 1)).toBe(true);
  });

  it('cost every invocation but the probes no time at all, and the ledger a call in a while', () => {
    const others = seen.invocations.filter(({ puts }) => puts === 0);

    expect(others.length).toBeGreaterThan(40_000);
    expect(others.every(({ took }) => took === 0)).toBe(true);
    expect(seen.asked).toBeLessThan(seen.invocations.length / 2);
  });

  it('lose nothing, double nothing, and put nothing good into the dead letters', () => {
    expectNothingLostOrDoubled(seen);
  });

  it('are noticed to be over within a minute, and all shards flow again soon after', () => {
    expect(seen.back).toHaveLength(4);
    expect(Math.min(...seen.back)).toBeLessThanOrEqual(noticedWithin(seconds(30)));
    expect(Math.max(...seen.back)).toBeLessThanOrEqual(allWithin(seconds(30)));
  });
});

describe.each<[outage: string, Trouble, pause: Millis]>([
  ['whose replies are lost after it stored the rows', { outcome: 'unknown', takes: hours(1), stored: true }, seconds(30)],
  ['that hangs', { outcome: 'unknown', takes: hours(1) }, seconds(30)],
  ['that refuses the password', { outcome: 'rejected-config', takes: millis(20) }, seconds(30)],
  ['that pushes back', { outcome: 'overload', takes: seconds(20) }, seconds(60)],
])('an hour of a Doris %s', (outage, trouble, pause) => {
  it('brings it one load a pause, dead-letters nothing, and is over in every shard soon after', async () => {
    const seen = await strike(trouble, hours(1), 6);
    tell(`1 h ${outage}, 6 shards`, seen);

    expectOneLoadAPause(seen, hours(1), pause);
    expectNothingLostOrDoubled(seen);
    expect(seen.back).toHaveLength(6);
    expect(Math.min(...seen.back)).toBeLessThanOrEqual(noticedWithin(pause));
    expect(Math.max(...seen.back)).toBeLessThanOrEqual(allWithin(pause));
  });
});

describe('thirty shards that wait for the same table', () => {
  it('come back one by one: in no second more than half of them', async () => {
    const { back } = await strike({ outcome: 'unavailable', takes: seconds(4) }, seconds(600), 30);

    const bySecond = new Map<number, number>();
    for (const at of back) bySecond.set(Math.floor(at / 1000), (bySecond.get(Math.floor(at / 1000)) ?? 0) + 1);
    expect(back).toHaveLength(30);
    expect(Math.max(...bySecond.values())).toBeLessThanOrEqual(15);
  });
});
