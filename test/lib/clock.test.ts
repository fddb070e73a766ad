import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { millis } from '../../lib/units.ts';

describe('the clock of the machine', () => {
  it('gives up sleeping for the reason with which it is told to', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const sleep = systemClock.sleep(millis(3_600_000), controller.signal);
    controller.abort(reason);

    await expect(sleep).rejects.toBe(reason);
  });

  it('does not fall asleep when told so before', async () => {
    await expect(systemClock.sleep(millis(3_600_000), AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it('counts spans from a start of its own, which never lies ahead', async () => {
    const before = systemClock.elapsed();
    await systemClock.sleep(millis(1));

    expect(systemClock.elapsed()).toBeGreaterThan(before);
  });
});

describe('an alarm', () => {
  it('rings', async () => {
    await new Promise<void>((ring) => systemClock.alarm(millis(1), ring));
  });

  it('does not ring when it was called off', async () => {
    const rung: string[] = [];
    systemClock.alarm(millis(1), () => rung.push('called off'))();
    await new Promise<void>((ring) => systemClock.alarm(millis(2), ring));

    expect(rung).toEqual([]);
  });
});
