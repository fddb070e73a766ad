import { describe, expect, it } from 'vitest';
import { runCli } from './run.ts';

const plan = async (...args: readonly string[]) => {
  const { code, stdout } = await runCli(['plan', '--json', ...args]);
  return { code, planned: JSON.parse(stdout) };
};

describe('plan', () => {
  it('reckons loads, rows, Lambda and DynamoDB from shards, rate and window, with the prices beside them', async () => {
    const { code, planned } = await plan('--shards', '4', '--rate', '80', '--record-bytes', '1000', '--window', '10');

    // 80 a second in 4 shards are 200 records a shard in 10 s: 24 batches a minute, 17,520 a month of 730 h a shard.
    const invocations = (730 * 3600 * 4) / 10;
    expect(code).toBe(0);
    expect(planned.loaders).toEqual([
      expect.objectContaining({ shards: 4, loadsPerMinutePerTable: 24, recordsPerLoad: 200, fullBy: 'window', warnings: [] }),
    ]);
    const { month, dollarsAMonth } = planned.loaders[0];
    expect(month.invocations).toBeCloseTo(invocations, 3);
    // Two writes a load, two units each.
    expect(month.writeUnits).toBeCloseTo(invocations * 4, 3);
    const { request, gigabyteSecond, writeUnit } = planned.prices;
    expect(dollarsAMonth).toBeCloseTo(
      month.invocations * request + month.gigabyteSeconds * gigabyteSecond + month.writeUnits * writeUnit,
      6,
    );
  });

  it('ends with 1 and a warning when loads are too many', async () => {
    const { code, planned } = await plan('--shards', '200', '--rate', '4000', '--record-bytes', '600', '--window', '1');

    expect(code).toBe(1);
    expect(planned.loaders[0].warnings[0]).toContain('version pressure: 12000 loads a minute per table');
  });

  it('plans every loader of a settings file', async () => {
    const { planned } = await plan('--settings', 'infra/examples/production.json');

    expect(planned.loaders.map(({ name }: { readonly name: string }) => name)).toEqual(['orders', 'clicks']);
  });

  it('asks for what it cannot do without', async () => {
    const { code, stderr } = await runCli(['plan', '--rate', '10']);

    expect({ code, stderr }).toEqual({ code: 2, stderr: 'say --rate and --record-bytes, or name a --settings file\n' });
  });
});
