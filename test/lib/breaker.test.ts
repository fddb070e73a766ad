import { describe, expect, it } from 'vitest';
import { type Breaker, memoryBreaker, sharedBreaker } from '../../lib/breaker.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import type { Gate } from '../../lib/gate.ts';
import { LedgerUnavailable } from '../../lib/ledger/checkpoint.ts';
import { memoryOutages, type OutageCause, type Outages } from '../../lib/ledger/outage.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { type Millis, millis, seconds } from '../../lib/units.ts';
import { SHARD } from '../support/shard.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

/** Processes of one loader: each has a breaker of its own, all have the same ledger and the same time. */
interface Fleet {
  readonly clock: VirtualClock;
  readonly events: LoaderEvent[];
  /** Calls that reached the ledger. */
  readonly calls: string[];
  readonly outages: Outages;
  process(): Process;
}

interface Process {
  readonly breaker: Breaker;
  gate(target?: string, late?: boolean): Gate;
  admits(target?: string): Promise<boolean>;
  /** One run that is admitted and ends like this; false when it was not admitted. */
  run(end: OutageCause | 'success' | 'nothing'): Promise<boolean>;
}

const INVOCATION = seconds(60);

function fleet(wrap: (outages: Outages) => Outages = (outages) => outages): Fleet {
  const clock = virtualClock();
  const events: LoaderEvent[] = [];
  const calls: string[] = [];
  const memory = memoryOutages();
  const outages = wrap({
    write: (key, wanted) => {
      calls.push(wanted.kind);
      return memory.write(key, wanted);
    },
    clear: (key) => {
      calls.push('clear');
      return memory.clear(key);
    },
  });
  // Every draw is another number: the fences of two processes are never the same.
  let draws = 0;
  const chance = { ...clock, random: () => 0.5 + ++draws / 2 ** 40 };
  const telemetry = { record: (event: LoaderEvent) => events.push(event) };
  const newProcess = (): Process => {
    const breaker = sharedBreaker(outages, chance);
    const gate = (target = 'shop.orders', late = false): Gate =>
      breaker.gate({ key: { loader: 'doris', target }, source: SHARD, late, telemetry });
    return {
      breaker,
      gate,
      admits: (target) => gate(target).admits(deadlineIn(INVOCATION, clock)),
      run: async (end) => {
        const gated = gate();
        if (!(await gated.admits(deadlineIn(INVOCATION, clock)))) return false;
        if (end === 'success') gated.succeeded();
        else if (end !== 'nothing') gated.failed(end, 'scripted');
        await gated.leave();
        return true;
      },
    };
  };
  return { clock, events, calls, outages, process: newProcess };
}

async function failing(times: number, cause: OutageCause = 'unavailable', world = fleet()) {
  const process = world.process();
  for (let n = 0; n < times; n++) {
    world.clock.advance(seconds(100));
    expect(await process.run(cause)).toBe(true);
  }
  return { ...world, first: process };
}

/** When somebody who was refused asks again: after the pause, and half of the longest time to return with chance in the middle. */
const upTo = (pause: Millis): Millis => millis(pause + Math.min(pause / 4, 7_500) + 1);

describe('a table without trouble', () => {
  it('costs no call to the ledger, however many loads it takes', async () => {
    const { calls, ...world } = fleet();
    const process = world.process();

    for (let n = 0; n < 100; n++) expect(await process.run('success')).toBe(true);

    expect(calls).toEqual([]);
  });

  it('costs a new process one call when its records are late, and none after that', async () => {
    const { calls, clock, ...world } = fleet();
    const process = world.process();

    for (let n = 0; n < 3; n++) expect(await process.gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(true);

    expect(calls).toEqual(['probe']);
  });
});

describe('the breaker of a table', () => {
  it('lets loads pass until three in a row have failed', async () => {
    expect(await (await failing(2)).first.admits()).toBe(true);
    expect(await (await failing(3)).first.admits()).toBe(false);
  });

  it('lets one process try when the pause is over, and pauses longer when that fails too', async () => {
    const { clock, first } = await failing(3);

    clock.advance(millis(999));
    expect(await first.admits()).toBe(false);
    clock.advance(millis(252));
    expect(await first.run('unavailable')).toBe(true);

    clock.advance(millis(1_999));
    expect(await first.admits()).toBe(false);
    clock.advance(millis(502));
    expect(await first.admits()).toBe(true);
  });

  it('forgets all trouble with one success, in every process', async () => {
    const { clock, first, ...world } = await failing(10);
    const second = world.process();
    await second.run('unavailable');
    expect(await second.admits()).toBe(false);
    clock.advance(upTo(seconds(30)));

    expect(await first.run('success')).toBe(true);

    expect(await second.run('success')).toBe(true);
    for (const process of [first, second]) {
      expect(await process.run('unavailable')).toBe(true);
      expect(await process.run('unavailable')).toBe(true);
      expect(await process.run('success')).toBe(true);
    }
  });

  it("is nobody else's", async () => {
    expect(await (await failing(10)).first.admits('shop.refunds')).toBe(true);
  });

  it.each<[OutageCause, Millis]>([
    ['unavailable', seconds(30)],
    ['rejected-config', seconds(30)],
    ['fuse-blown', seconds(30)],
    ['running', seconds(30)],
    ['unknown', seconds(30)],
    ['overload', seconds(60)],
  ])('is tried again after %s, however long it lasted, within %i ms and the share of chance', async (cause, pause) => {
    const { clock, first } = await failing(100, cause);

    clock.advance(millis(pause - 1));
    expect(await first.admits()).toBe(false);
    clock.advance(millis(upTo(pause) - pause + 1));
    expect(await first.admits()).toBe(true);
  });

  it('opens at the first push back', async () => {
    const { clock, first } = await failing(1, 'overload');

    clock.advance(millis(4_999));

    expect(await first.admits()).toBe(false);
  });

  it('counts a hundred shards that fail at once as one failure', async () => {
    const { clock, ...world } = fleet();
    const gates = Array.from({ length: 100 }, () => world.process().gate());
    for (const gate of gates) expect(await gate.admits(deadlineIn(INVOCATION, clock))).toBe(true);

    for (const gate of gates) {
      gate.failed('overload', 'scripted');
      await gate.leave();
    }

    clock.advance(seconds(5));
    expect(await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(true);
  });

  it('that opened elsewhere holds a process back from its own first failure on', async () => {
    const { clock: _, ...world } = await failing(8);
    const second = world.process();

    expect(await second.run('unavailable')).toBe(true);

    expect(await second.run('unavailable')).toBe(false);
  });

  it('costs the ledger nothing for failures that do not open it, but the question whether others see more', async () => {
    const { calls } = await failing(2);

    expect(calls).toEqual(['probe']);
  });
});

describe('while a probe is under way', () => {
  it('nobody else is let through, neither elsewhere nor in the same process', async () => {
    const { clock, first, ...world } = await failing(8);
    clock.advance(upTo(seconds(30)));
    const second = world.process();

    expect(await first.admits()).toBe(true);
    expect(await first.admits()).toBe(false);
    expect(await second.gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(false);
  });

  it('the prober itself may go on with its run', async () => {
    const { clock, first } = await failing(8);
    clock.advance(upTo(seconds(30)));
    const gate = first.gate();

    expect(await gate.admits(deadlineIn(INVOCATION, clock))).toBe(true);
    expect(await gate.admits(deadlineIn(INVOCATION, clock))).toBe(true);
  });

  it('a new process with late records answers without a load', async () => {
    const { clock, calls, ...world } = await failing(8);
    calls.length = 0;

    expect(await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(false);
    expect(calls).toEqual(['probe']);
  });

  it('those who wait do not ask the ledger again before their time', async () => {
    const { calls, clock, first } = await failing(8);
    calls.length = 0;
    for (let n = 0; n < 100; n++) {
      expect(await first.admits()).toBe(false);
      clock.advance(millis(299));
    }

    expect(calls).toEqual([]);
  });

  it('somebody else takes over when the prober has died, not before its time is up by two machines\u2019 clocks', async () => {
    const { clock, first, ...world } = await failing(8);
    clock.advance(upTo(seconds(30)));
    expect(await first.admits()).toBe(true);

    clock.advance(millis(INVOCATION + 1_999));
    expect(await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(false);
    clock.advance(millis(1));
    expect(await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(true);
  });

  it('a probe that is thought dead but fails later does not disturb the next one', async () => {
    const { clock, first, ...world } = await failing(8);
    clock.advance(upTo(seconds(30)));
    const dead = first.gate();
    await dead.admits(deadlineIn(INVOCATION, clock));
    clock.advance(seconds(62));
    await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock));

    dead.failed('unavailable', 'scripted');
    await dead.leave();

    expect(await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(false);
  });
});

describe('a probe', () => {
  it('that came to no load is given back: the next one may start at once', async () => {
    const { clock, first } = await failing(8);
    clock.advance(upTo(seconds(30)));

    expect(await first.run('nothing')).toBe(true);

    expect(await first.run('nothing')).toBe(true);
  });

  it('that fails in another way still makes the others wait', async () => {
    const { clock, first, ...world } = await failing(1, 'overload');
    clock.advance(upTo(seconds(5)));
    expect(await first.run('unavailable')).toBe(true);

    expect(await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(false);
    clock.advance(seconds(1));
    expect(await world.process().gate('shop.orders', true).admits(deadlineIn(INVOCATION, clock))).toBe(true);
  });

  it('is told when it starts and when it ends the outage, with how long it lasted', async () => {
    const { clock, events, first } = await failing(3);
    expect(events).toMatchObject([{ kind: 'breaker-opened', cause: 'unavailable', failures: 3, pause: 1000, lasted: 0 }]);
    clock.advance(upTo(seconds(1)));
    await first.run('success');

    const probe = { target: 'shop.orders', source: SHARD, cause: 'unavailable', failures: 3, lasted: 1_251 };
    expect(events.slice(1)).toMatchObject([
      { kind: 'breaker-probe', ...probe },
      { kind: 'breaker-closed', ...probe },
    ]);
  });
});

/** A ledger whose reply is lost after it worked, for the calls that are asked about. */
const losing =
  (lost: (kind: string) => boolean) =>
  (outages: Outages): Outages => ({
    write: async (key, wanted) => {
      const reply = await outages.write(key, wanted);
      // What the SDK's own second try, with the same words, gets.
      return lost(wanted.kind) ? await outages.write(key, wanted).then((again) => (again.kind === 'none' ? reply : again)) : reply;
    },
    clear: async (key) => {
      await outages.clear(key);
      if (lost('clear')) await outages.clear(key);
    },
  });

describe('a lost reply of the ledger', () => {
  it('changes nothing: what the process wrote itself it knows again', async () => {
    const { clock, first } = await failing(4, 'unavailable', fleet(losing(() => true)));

    clock.advance(millis(1_999));
    expect(await first.admits()).toBe(false);
    clock.advance(millis(502));
    expect(await first.run('success')).toBe(true);
    expect(await first.admits()).toBe(true);
  });
});

describe('a permission to probe whose reply is lost for good', () => {
  it('is known again by the run that asked for it, and ends the outage', async () => {
    let isLost = false;
    const mute = (outages: Outages): Outages => ({
      write: async (key, wanted) => {
        const reply = await outages.write(key, wanted);
        return isLost ? Promise.reject(new LedgerUnavailable('it did not answer in time')) : reply;
      },
      clear: outages.clear,
    });
    const { clock, first, process } = await failing(3, 'unavailable', fleet(mute));
    clock.advance(upTo(seconds(1)));
    const gate = first.gate();
    isLost = true;
    expect(await gate.admits(deadlineIn(INVOCATION, clock))).toBe(true);
    isLost = false;

    expect(await process().gate(undefined, true).admits(deadlineIn(INVOCATION, clock))).toBe(false);
    expect(await gate.admits(deadlineIn(INVOCATION, clock))).toBe(true);

    gate.succeeded();
    await gate.leave();
    expect(await process().gate(undefined, true).admits(deadlineIn(INVOCATION, clock))).toBe(true);
  });
});

describe('without the ledger', () => {
  const away = (): Outages => ({
    write: async () => Promise.reject(new LedgerUnavailable('throttled')),
    clear: async () => Promise.reject(new LedgerUnavailable('throttled')),
  });

  it('a process goes by what it saw itself, and says so', async () => {
    const { clock, events, first } = await failing(3, 'unavailable', fleet(away));

    expect(await first.admits()).toBe(false);
    clock.advance(upTo(seconds(1)));
    expect(await first.run('success')).toBe(true);
    expect(await first.admits()).toBe(true);
    expect(events).toContainEqual({ kind: 'breaker-alone', source: SHARD, target: 'shop.orders', reason: 'throttled' });
  });

  it('a probe that the ledger knows of still counts when it fails', async () => {
    let gone = false;
    const sometimes = (outages: Outages): Outages => ({
      write: (key, wanted) => (gone ? away() : outages).write(key, wanted),
      clear: (key) => (gone ? away() : outages).clear(key),
    });
    const { clock, first } = await failing(3, 'unavailable', fleet(sometimes));
    clock.advance(upTo(seconds(1)));
    const gate = first.gate();
    expect(await gate.admits(deadlineIn(INVOCATION, clock))).toBe(true);
    gone = true;
    gate.failed('unavailable', 'scripted');
    await gate.leave();

    clock.advance(millis(1_999));
    expect(await first.admits()).toBe(false);
    clock.advance(millis(502));
    expect(await first.admits()).toBe(true);
  });

  it('that does not answer, nobody waits past the deadline', async () => {
    const silent = (): Outages => ({ write: () => new Promise(() => {}), clear: () => new Promise(() => {}) });
    const { breaker } = fleet(silent).process();
    const telemetry = { record: () => {} };
    const approach = { key: { loader: 'doris', target: 'shop.orders' }, source: SHARD, late: true, telemetry };

    const gate = breaker.within(deadlineIn(millis(0), virtualClock())).gate(approach);

    expect(await gate.admits(deadlineIn(INVOCATION, virtualClock()))).toBe(true);
  });
});

describe('a breaker in memory', () => {
  it('knows what its own process saw', async () => {
    const clock = virtualClock();
    const breaker = memoryBreaker(clock);
    const gate = () => breaker.gate({ key: { loader: 'doris', target: 't' }, source: SHARD, late: false, telemetry: { record: () => {} } });
    for (let n = 0; n < 3; n++) {
      const gated = gate();
      expect(await gated.admits(deadlineIn(INVOCATION, clock))).toBe(true);
      gated.failed('unavailable', 'scripted');
      await gated.leave();
    }

    expect(await gate().admits(deadlineIn(INVOCATION, clock))).toBe(false);
  });
});
