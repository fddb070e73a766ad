import { afterEach, describe, expect, it } from 'vitest';
import { type StallWatch, watchForStall } from '../../../local/demo/stall.ts';
import type { MappingEvent } from '../../../local/event-source-mapping/events.ts';

let watch: StallWatch;
afterEach(() => watch.stop());

const outcome = (result: Extract<MappingEvent, { kind: 'outcome' }>['result']): MappingEvent => ({
  kind: 'outcome',
  batch: { shardId: 's', count: 1, first: '1', last: '1', lastArrivedAt: 0 },
  result,
  verdict: result.kind === 'returned' ? { kind: 'settled' } : { kind: 'function-error' },
});

describe('a run that does not get on', () => {
  it('is told at once when the fuse has blown, with what Doris said', async () => {
    watch = watchForStall(600_000);
    watch.readLine('not a line of the log');
    watch.readLine('{"level":"WARN","message":"unsettled","reason":"unavailable"}');
    watch.readLine('{"level":"ERROR","message":"fuse-blown","target":"demo.t","bad":16,"of":20,"reason":"column(id) is wrong"}');

    expect(await watch.stalled).toMatch(
      /^the fuse has blown: Doris refused 16 of 20 rows for demo\.t, .*Doris says: column\(id\) is wrong$/,
    );
  });

  it.each<[string, (watch: StallWatch) => void, string]>([
    [
      'why records stayed',
      ({ readLine }) => readLine('{"message":"unsettled","reason":"rejected-config: no table"}'),
      'rejected-config: no table',
    ],
    [
      'what the function failed with',
      ({ observe }) => observe(outcome({ kind: 'error', errorType: 'ConfigError', errorMessage: 'refused', trace: [] })),
      'ConfigError: refused',
    ],
    ['that the function was too slow', ({ observe }) => observe(outcome({ kind: 'timeout', afterMillis: 3000 })), 'not done after 3 s'],
    ['that there is nothing to tell', () => undefined, 'it said nothing'],
  ])('is told after a while without a settled record, with the last words of the function: %s', async (_, happen, words) => {
    watch = watchForStall(100);
    happen(watch);

    expect(await watch.stalled).toBe(`no record was settled for 0.1 s; the function: ${words}`);
  });
});

describe('a run that gets on', () => {
  it('has no reason to wait once a batch has settled', () => {
    watch = watchForStall(600_000);
    watch.readLine('{"message":"unsettled","reason":"breaker open"}');
    expect(watch.why()).toBe('breaker open');

    watch.observe(outcome({ kind: 'returned', payload: '{"batchItemFailures":[]}' }));

    expect(watch.why()).toBeUndefined();
  });
});
