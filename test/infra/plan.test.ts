import { describe, expect, it } from 'vitest';
import { describePlan } from '../../infra/describe-plan.ts';
import { planOf } from '../../infra/plan.ts';
import { planWarnings } from '../../infra/plan-warnings.ts';
import { checkSettings } from '../../infra/settings.ts';
import { aLoader, settingsWith } from './settings-builder.ts';

function planFor(changes: Readonly<Record<string, object>>) {
  const [loader] = checkSettings(settingsWith(aLoader(changes))).loaders;
  const plan = loader === undefined ? undefined : planOf(loader);
  return loader === undefined || plan === undefined ? undefined : { ...plan, warnings: planWarnings(loader, plan) };
}

describe('the plan of a loader', () => {
  it('counts a load a window, shard and table while windows end before batches are full', () => {
    const plan = planFor({ traffic: { recordsPerSecond: 80, recordBytes: 1000, shards: 4 }, batch: { windowSeconds: 10 } });

    expect(plan).toMatchObject({ shards: 4, loadsPerMinutePerTable: 24, recordsPerLoad: 200, warnings: [] });
  });

  it('counts more loads where the 6 MB of an event are full sooner', () => {
    // 1,000 bytes are 1,334 in base64; with 430 around them 3,567 records fill 6 MiB, which takes 7.1 s at 500 a second.
    const plan = planFor({ traffic: { recordsPerSecond: 500, recordBytes: 1000 }, batch: { windowSeconds: 300 } });

    expect(plan?.recordsPerLoad).toBe(3567);
    expect(plan?.loadsPerMinutePerTable).toBeCloseTo(8.41, 2);
  });

  it('counts a load for each table of a batch', () => {
    const plan = planFor({
      traffic: { recordsPerSecond: 100, recordBytes: 100 },
      batch: { windowSeconds: 10 },
      doris: { routes: [{ field: 'type', equals: 'refund', table: 'refunds' }] },
    });

    expect(plan).toMatchObject({ loadsPerMinutePerTable: 6, recordsPerLoad: 500 });
    // Two loads every ten seconds.
    expect(plan?.labelMinutes).toBeCloseTo(2000 / 0.2 / 60, 6);
  });

  it('counts the loads that a batch is cut into', () => {
    const plan = planFor({
      traffic: { recordsPerSecond: 100, recordBytes: 100 },
      batch: { windowSeconds: 10 },
      limits: { maxLoadRows: 300 },
    });

    expect(plan).toMatchObject({ loadsPerMinutePerTable: 24, recordsPerLoad: 250 });
  });

  it('counts one ledger write more a load in two phases', () => {
    const costOf = (loadMode: string) =>
      planFor({ traffic: { recordsPerSecond: 80, recordBytes: 1000 }, batch: { windowSeconds: 10 }, doris: { loadMode } })?.dollarsAMonth ??
      0;

    // One load every ten seconds for 730 hours, two units a write.
    const writes = (730 * 3600) / 10;
    expect(costOf('two-phase') - costOf('labelled')).toBeCloseTo(writes * 2 * 0.625e-6, 6);
  });

  it('warns of what group commit promises less, and of no versions or labels, which it does without', () => {
    const loader = {
      traffic: { recordsPerSecond: 20_000, recordBytes: 100, shards: 50 },
      batch: { windowSeconds: 1 },
      limits: { databaseTransactionsPerSecond: 60 },
      doris: { loadMode: 'group-commit-may-duplicate' },
    };

    expect(planFor(loader)?.warnings).toEqual([]);
    expect(describePlan(checkSettings(settingsWith(aLoader(loader))))).toMatch(/warning: DORIS_LOAD_MODE=group-commit.*AT LEAST once/);
    expect(describePlan(checkSettings(settingsWith()))).not.toMatch(/AT LEAST once/);
  });

  it('warns of a stream that is read from LATEST on, with expected traffic and without', () => {
    const from = (startingPosition: string) => describePlan(checkSettings(settingsWith(aLoader({ source: { startingPosition } }))));

    expect(from('LATEST')).toMatch(/warning: with source.startingPosition LATEST Lambda may skip records/);
    expect(from('TRIM_HORIZON')).not.toContain('LATEST');
  });

  it('warns of more than one load a second into a table, and of labels that Doris forgets within minutes', () => {
    const plan = planFor({
      traffic: { recordsPerSecond: 20_000, recordBytes: 100, shards: 50 },
      batch: { windowSeconds: 1 },
      limits: { databaseTransactionsPerSecond: 60 },
    });

    expect(plan?.loadsPerMinutePerTable).toBe(3000);
    expect(plan?.warnings).toEqual([
      expect.stringMatching(/^version pressure: 3000 loads a minute per table.*raise batch\.windowSeconds \(1\)/),
      expect.stringContaining('Doris forgets a label after 0.67 min'),
    ]);
  });

  it('warns of traffic that the shards cannot take', () => {
    expect(planFor({ traffic: { recordsPerSecond: 2100, recordBytes: 100, shards: 2 } })?.warnings).toEqual([
      expect.stringContaining('a shard takes 1 MB and 1000 records a second'),
    ]);
  });

  it('names what ends batches where there are too many loads', () => {
    const many = { recordsPerSecond: 1000, recordBytes: 1000, shards: 1 };
    expect(planFor({ traffic: many, batch: { windowSeconds: 300, size: 500 } })?.warnings).toEqual([
      expect.stringContaining('raise batch.size (500)'),
    ]);
    expect(planFor({ traffic: { ...many, recordsPerSecond: 5000, shards: 5 }, batch: { windowSeconds: 300 } })?.warnings).toEqual([
      expect.stringContaining('the 6 MB of an event are full before the window ends'),
    ]);
  });

  it('has the cost of requests, memory and ledger writes', () => {
    // One invocation and one load a second: 2,628,000 a month. Each takes 0.5 s + 10,000 bytes at 10 MB/s with 1 GB, and four write units.
    const plan = planFor({ traffic: { recordsPerSecond: 100, recordBytes: 100 }, batch: { windowSeconds: 1 } });

    expect(plan?.dollarsAMonth).toBeCloseTo(2_628_000 * (0.2e-6 + 0.501 * 0.0000133334 + 4 * 0.625e-6), 6);
  });

  it("warns of a frontend at Doris's MySQL port", () => {
    expect(describePlan(checkSettings(settingsWith(aLoader({ doris: { feUrls: 'https://fe:9030' } }))))).toContain(
      'warning: fe:9030 has the port that Doris speaks MySQL on as a rule',
    );
  });

  it('warns of alarms that nobody hears', () => {
    const alarmTopicArn = 'arn:aws:sns:eu-central-1:123456789012:on-call';
    expect(describePlan(checkSettings(settingsWith()))).toContain('warning: alarms are only shown');
    expect(describePlan(checkSettings(settingsWith(aLoader(), { alarmTopicArn })))).not.toContain('alarms are only shown');
  });

  it('is only the least without expected traffic', () => {
    expect(describePlan(checkSettings(settingsWith(aLoader({ batch: { windowSeconds: 15 } }))))).toContain(
      'traffic is not given: 4 loads a minute per shard and table',
    );
  });
});
