import { describe, expect, it } from 'vitest';
import { runChaos } from '../../local/chaos/run.ts';
import { givenParts } from '../support/given.ts';

describe('a stack whose parts are killed, restarted, resharded and cut off by a script', () => {
  it('has each record in the table once, or in the dead letters with its reason', async () => {
    const options = { seconds: 8, seed: 20_261_121, shards: 2, rate: 150, mode: 'labelled', help: false } as const;

    const { count, faults, isDrained, figures } = await runChaos(options, { given: await givenParts() });

    expect(count).toMatchObject({ sent: 1200, lost: [], doubled: [], wrong: [] });
    expect(isDrained).toBe(true);
    expect(faults.get('function killed'), 'kills').toBeGreaterThan(0);
    expect(faults.get('shard split'), 'splits').toBe(1);
    expect(figures.loads, 'loads').toBeGreaterThan(0);
  }, 400_000);
});
