import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { DeadLettersUnavailable } from '../../lib/dead-letter/letter.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { deadLettersInTime, inTime, ledgerInTime } from '../../lib/in-time.ts';
import { LedgerUnavailable } from '../../lib/ledger/checkpoint.ts';
import { kinesisPosition } from '../../lib/source/position.ts';
import { millis, seconds } from '../../lib/units.ts';
import { SHARD_ID, STREAM_ARN } from '../support/builders.ts';
import { memoryLedger } from '../support/memory-ledger.ts';

const late = () => new Error('late');
const never = () => new Promise<never>(() => {});

describe('work in time', () => {
  it('comes to what it comes to', async () => {
    expect(await inTime(async () => 7, { within: seconds(60), clock: systemClock, late })).toBe(7);
    await expect(inTime(() => Promise.reject(new Error('its own')), { within: seconds(60), clock: systemClock, late })).rejects.toThrow(
      'its own',
    );
  });

  it('is given up when it takes longer', async () => {
    await expect(inTime(never, { within: millis(5), clock: systemClock, late })).rejects.toThrow('late');
  });

  it('is not begun when no time is left', async () => {
    let begun = 0;
    const work = async () => {
      begun += 1;
    };

    await expect(inTime(work, { within: millis(0), clock: systemClock, late })).rejects.toThrow('late');
    expect(begun).toBe(0);
  });

  it('is not heard when it fails after all', async () => {
    let fail = (_error: Error): void => {};
    const work = () =>
      new Promise<never>((_resolve, reject) => {
        fail = reject;
      });

    await expect(inTime(work, { within: millis(5), clock: systemClock, late })).rejects.toThrow('late');
    fail(new Error('too late to matter'));
    // An unhandled rejection would end the run here.
    await new Promise((resolve) => setImmediate(resolve));
  });
});

const key = {
  loader: 'l',
  source: { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID },
  target: 'shop.orders',
} as const;
const move = { expect: { kind: 'vacant', before: kinesisPosition('1') }, through: kinesisPosition('2') } as const;

describe('a ledger that nobody waits for too long', () => {
  it('answers as the ledger behind it', async () => {
    const ledger = ledgerInTime(memoryLedger(), deadlineIn(seconds(60), systemClock), systemClock);

    expect(await ledger.move(key, move)).toEqual({ kind: 'moved' });
    expect(await ledger.read(key)).toEqual({ through: kinesisPosition('2') });
  });

  it('is unavailable when the one behind it is silent', async () => {
    const ledger = ledgerInTime({ read: never, move: never, firstRedriven: never }, deadlineIn(millis(5), systemClock), systemClock);

    await expect(ledger.read(key)).rejects.toThrow(LedgerUnavailable);
    await expect(ledger.move(key, move)).rejects.toThrow(LedgerUnavailable);
    await expect(ledger.firstRedriven(key)).rejects.toThrow(LedgerUnavailable);
  });
});

describe('dead letters that nobody waits for too long', () => {
  it('are unavailable when the queue is silent', async () => {
    await expect(deadLettersInTime({ send: never }, deadlineIn(millis(5), systemClock), systemClock).send([])).rejects.toThrow(
      DeadLettersUnavailable,
    );
  });
});
