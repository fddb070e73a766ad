import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { Memory } from '../../lib/ports.ts';
import { powertoolsTelemetry } from '../../lib/powertools-telemetry.ts';
import type { MemoryProof } from '../../lib/settle/label-memory.ts';
import type { ClaimProof, LoaderEvent } from '../../lib/telemetry.ts';
import { bytes, epochMillis, millis } from '../../lib/units.ts';
import { SHARD } from '../support/shard.ts';
import { virtualClock } from '../support/virtual-clock.ts';

type Line = Readonly<Record<string, unknown>>;

let output: MockInstance<typeof process.stdout.write>;
let errors: MockInstance<typeof process.stderr.write>;
beforeEach(() => {
  output = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  errors = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => vi.restoreAllMocks());

/** What was written so far, a line each. */
const lines = (): Line[] =>
  [...output.mock.calls, ...errors.mock.calls]
    .flatMap(([text]) => String(text).split('\n'))
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text) as Line);

const LOAD: LoaderEvent & { kind: 'load' } = {
  kind: 'load',
  source: SHARD,
  target: 'shop.orders',
  label: 'doris-orders-0-495-2-1abc',
  rows: 2,
  bytes: 40,
  first: '495',
  last: '496',
  attempts: 3,
  outcome: 'committed',
  how: 'loaded',
  txnId: 7,
  replay: false,
  took: millis(12),
};
const BREAKER = {
  source: SHARD,
  target: 'shop.orders',
  cause: 'unavailable',
  failures: 3,
  pause: millis(1000),
  lasted: millis(7000),
} as const;
const metricsOf = (...events: readonly LoaderEvent[]): Line[] => {
  const telemetry = powertoolsTelemetry('Loader', virtualClock(1_700_000_000_000));
  for (const event of events) telemetry.record(event);
  telemetry.flush();
  return lines().filter((line) => '_aws' in line);
};
const logsOf = (event: LoaderEvent): Line[] => {
  powertoolsTelemetry('Loader', virtualClock()).record(event);
  return lines().filter((line) => 'level' in line);
};

const CLAIM = { source: SHARD, target: 'shop.orders', label: 'l', first: '1', last: '2', rows: 2 } as const;
const UNKNOWN = { kind: 'label-unknown', source: SHARD, target: 'shop.orders', label: 'l' } as const;

describe('the log', () => {
  it('has one structured line a load, with the label and what became of it', () => {
    const [line, ...others] = logsOf(LOAD);

    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'INFO',
      message: 'load',
      service: 'doris-lambda-loader',
      stream: SHARD.stream,
      shard: SHARD.shard,
      target: 'shop.orders',
      label: 'doris-orders-0-495-2-1abc',
      rows: 2,
      bytes: 40,
      first: '495',
      last: '496',
      attempts: 3,
      outcome: 'committed',
      how: 'loaded',
      txnId: 7,
      replay: false,
      took: 12,
    });
  });

  it.each<[LoaderEvent, string]>([
    [{ ...LOAD, outcome: 'unavailable' }, 'WARN'],
    [{ ...LOAD, packing: { kind: 'packed', bytes: bytes(9) } }, 'INFO'],
    [{ ...LOAD, packing: { kind: 'refused', reason: 'unknown data format' } }, 'WARN'],
    [{ kind: 'duplicates-absorbed', source: SHARD, target: 'shop.orders', records: 2 }, 'INFO'],
    [{ kind: 'dead-lettered', source: SHARD, target: 'shop.orders', errorClass: 'decode', records: 1 }, 'WARN'],
    [{ kind: 'unsettled', source: SHARD, target: 'shop.orders', from: '495', reason: 'unavailable' }, 'WARN'],
    [{ kind: 'claim-resolved', ...CLAIM, consequence: 'loaded', because: 'label visible' }, 'WARN'],
    [{ kind: 'claim-resolved', ...CLAIM, consequence: 'dead-lettered', because: 'ON_UNVERIFIABLE is dead-letter' }, 'ERROR'],
    [{ kind: 'claim-in-doubt', ...CLAIM, age: millis(7) }, 'WARN'],
    [{ kind: 'claim-waits', ...CLAIM, reason: 'ON_UNVERIFIABLE is wait' }, 'ERROR'],
    [{ ...UNKNOWN, by: 'witness', memory: 'certain' }, 'INFO'],
    [{ ...UNKNOWN, by: 'witness', memory: 'doubtful' }, 'WARN'],
    [{ kind: 'claim-abandoned', ...CLAIM }, 'ERROR'],
    [{ kind: 'claim-lost', ...CLAIM }, 'ERROR'],
    [{ kind: 'contradicted', ...CLAIM, reason: '1 of 2 rows are counted as loaded' }, 'ERROR'],
    [{ kind: 'fuse-blown', source: SHARD, target: 'shop.orders', label: 'l', bad: 9, of: 10, reason: 'r' }, 'ERROR'],
    [{ kind: 'batch', source: SHARD, records: 1, tables: 1, unsettled: 0, took: millis(1) }, 'INFO'],
    [{ ...BREAKER, kind: 'breaker-opened' }, 'ERROR'],
    [{ ...BREAKER, kind: 'breaker-probe' }, 'WARN'],
    [{ ...BREAKER, kind: 'breaker-closed' }, 'INFO'],
    [{ kind: 'breaker-alone', source: SHARD, target: 'shop.orders', reason: 'throttled' }, 'WARN'],
  ])('has one line for $kind as well, as loud as it matters', (event, level) => {
    expect(logsOf(event)).toMatchObject([{ level, message: event.kind }]);
  });

  it('warns of a load that was not put into a group', () => {
    expect(logsOf({ ...LOAD, how: 'not-grouped' })).toMatchObject([{ level: 'WARN', how: 'not-grouped' }]);
  });

  it('warns in one line of a promise that is weaker', () => {
    powertoolsTelemetry('Loader', virtualClock()).warn('weaker-promise', 'at least once');

    expect(lines()).toMatchObject([{ level: 'WARN', message: 'weaker-promise', text: 'at least once' }]);
  });
});

describe('the metrics', () => {
  it('are one line of embedded metric format a table, written when flushed', () => {
    const [line, ...others] = metricsOf(LOAD);

    expect(others).toEqual([]);
    expect(line).toMatchObject({
      table: 'shop.orders',
      service: 'doris-lambda-loader',
      Loads: 1,
      RowsLoaded: 2,
      BytesLoaded: 40,
      LoadLatency: 12,
      RetriedAttempts: 2,
      ClaimsReplayed: 0,
      _aws: { CloudWatchMetrics: [{ Namespace: 'Loader', Dimensions: [['service', 'table']] }] },
    });
  });

  it('count what the packed ones of the loaded bytes weigh, and loads that Doris refused packed', () => {
    const [line] = metricsOf(
      { ...LOAD, packing: { kind: 'packed', bytes: bytes(9) } },
      { ...LOAD, outcome: 'unavailable', packing: { kind: 'packed', bytes: bytes(9) } },
      { ...LOAD, packing: { kind: 'refused', reason: 'unknown data format' } },
    );

    expect(line).toMatchObject({ BytesLoaded: [40, 40], BytesPacked: 9, PackedLoadsRefused: 1 });
  });

  it('keep tables apart, and gather the loads of one', () => {
    const found = metricsOf(LOAD, { ...LOAD, rows: 5 }, { ...LOAD, target: 'shop.refunds' });

    expect(found.map(({ table, RowsLoaded }) => [table, RowsLoaded])).toEqual([
      ['shop.orders', [2, 5]],
      ['shop.refunds', 2],
    ]);
  });

  it('lose no value when an invocation takes more loads than one line holds', () => {
    const found = metricsOf(...Array<LoaderEvent>(250).fill(LOAD));

    expect(found.flatMap(({ RowsLoaded }) => RowsLoaded)).toHaveLength(250);
  });

  it.each(['rejected-data', 'rejected-config', 'overload', 'unavailable', 'running', 'unknown'] as const)(
    'count a load that ended as %s, and none of its rows',
    (outcome) => {
      const [line] = metricsOf({ ...LOAD, outcome });
      const name = `Loads${outcome.replaceAll(/(^|-)(.)/g, (_all, _dash, letter: string) => letter.toUpperCase())}`;

      expect(line).toHaveProperty(name, 1);
      expect(line).not.toHaveProperty('RowsLoaded');
    },
  );

  it('count a load that Doris reported otherwise than it was sent, and none of its rows', () => {
    const [line] = metricsOf({ kind: 'contradicted', ...CLAIM, reason: '1 of 2 rows are counted as loaded' });

    expect(line).toHaveProperty('LoadsContradicted', 1);
    expect(line).not.toHaveProperty('RowsLoaded');
  });

  it.each<[ClaimProof, string]>([
    ['label visible', 'ClaimsResolvedByLabel'],
    ['label committed', 'ClaimsResolvedByLabel'],
    ['label aborted', 'ClaimsResolvedByLabel'],
    ['label unknown', 'ClaimsResolvedByLabel'],
    ['precommitted, and committed now', 'ClaimsResolvedByCommit'],
    ['its rows were counted', 'ClaimsResolvedByCount'],
    ['none of its rows was counted', 'ClaimsResolvedByCount'],
    ['the table has a UNIQUE KEY', 'ClaimsResolvedByUniqueKey'],
    ['it was put without a label', 'ClaimsResolvedWithoutLabel'],
    ['ON_UNVERIFIABLE is reload', 'ClaimsResolvedByDecision'],
    ['ON_UNVERIFIABLE is dead-letter', 'ClaimsResolvedByDecision'],
  ])('count a claim that was resolved because %s as %s, beside what became of it', (because, name) => {
    const [line] = metricsOf({ kind: 'claim-resolved', ...CLAIM, consequence: 'loaded', because });

    expect(line).toMatchObject({ ClaimsFoundLoaded: 1, [name]: 1 });
  });

  it('have the age of every claim that stays in doubt, of which an alarm takes the largest', () => {
    const claim = { kind: 'claim-in-doubt', ...CLAIM } as const;
    const [line] = metricsOf({ ...claim, age: millis(60_000) }, { ...claim, age: millis(5) });

    expect(line).toMatchObject({ ClaimInDoubtAge: [60_000, 5] });
  });

  it('count a load that was replayed, and a claim that waits', () => {
    const [line] = metricsOf({ ...LOAD, replay: true }, { kind: 'claim-waits', ...CLAIM, reason: 'ON_UNVERIFIABLE is wait' });

    expect(line).toMatchObject({ ClaimsReplayed: 1, ClaimsWaiting: 1 });
  });

  it.each<[MemoryProof, Memory, string]>([
    ['age', 'young', 'LabelsRememberedByAge'],
    ['age', 'certain', 'LabelsRememberedByAge'],
    ['witness', 'certain', 'LabelsRememberedByWitness'],
    ['transactions', 'certain', 'LabelsRememberedByTransactions'],
    ['age', 'doubtful', 'LabelsPerhapsForgotten'],
    ['witness', 'doubtful', 'LabelsPerhapsForgotten'],
    ['transactions', 'untold', 'LabelsPerhapsForgotten'],
  ])('count a label that Doris does not know, as %s shows (%s), as %s', (by, memory, name) => {
    const [line] = metricsOf({ ...UNKNOWN, by, memory });

    expect(line).toHaveProperty(name, 1);
  });

  it('count what the breaker of a table does, and tell how long an outage lasted', () => {
    const [line] = metricsOf(
      { ...BREAKER, kind: 'breaker-opened' },
      { ...BREAKER, kind: 'breaker-probe' },
      { ...BREAKER, kind: 'breaker-closed' },
      { kind: 'breaker-alone', source: SHARD, target: 'shop.orders', reason: 'throttled' },
    );

    expect(line).toMatchObject({
      table: 'shop.orders',
      BreakerOpened: 1,
      BreakerProbes: 1,
      BreakerClosed: 1,
      OutageLasted: 7000,
      BreakerAlone: 1,
    });
  });

  it('tell how far behind a shard is, never less than nothing', () => {
    const batch = { kind: 'batch', source: SHARD, records: 1, tables: 1, unsettled: 0, took: millis(1) } as const;

    const [line] = metricsOf(
      { ...batch, settledArrival: epochMillis(1_699_999_999_000) },
      { ...batch, settledArrival: epochMillis(1_700_000_005_000) },
      batch,
    );

    expect(line).toMatchObject({ Behind: [1000, 0] });
  });

  it('are written once', () => {
    const telemetry = powertoolsTelemetry('Loader', virtualClock());
    telemetry.record(LOAD);
    telemetry.flush();
    telemetry.flush();

    expect(lines().filter((line) => '_aws' in line)).toHaveLength(1);
  });
});
