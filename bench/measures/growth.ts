import type { LongRunJob, LongRunResult } from '../children/long-run.ts';
import { amount, atMost, type Figure, medianOf } from '../figure.ts';
import { median } from '../judge.ts';
import { addGroups, addShards } from '../ledger-items.ts';
import { bundleOf, runChild } from '../run-child.ts';
import type { Stage } from '../stage.ts';

const PAYLOADS = { kind: 'json', size: 340, most: 1_000 } as const;
/** "Flat", but for noise: these runs come one after the other, so they are held against this and not against the baseline. */
const FLAT = atMost(1.5);

/** Time per record while something grows a hundredfold and more. */
export async function measureGrowth(stage: Stage): Promise<Figure[]> {
  return [
    ...(await overShards(stage)),
    ...(await overRecords(stage)),
    ...(await overLedgerItems(stage, 'kinesis')),
    ...(await overLedgerItems(stage, 'iggy')),
  ];
}

async function longRun({ env }: Stage, job: Partial<LongRunJob>): Promise<LongRunResult> {
  const { source = 'kinesis', payloads = PAYLOADS, batches = 40, shards = 1 } = job;
  const whole: LongRunJob = { source, payloads, batches, shards };
  return (await runChild('long-run', whole, { ...env, BENCH_BUNDLE: bundleOf(`${source}-loader`) })) as LongRunResult;
}

async function overShards(stage: Stage): Promise<Figure[]> {
  const runs = new Map<number, LongRunResult>();
  for (const shards of [1, 4, 16]) runs.set(shards, await longRun(stage, { batches: 64, shards }));
  return growthOf('shards', runs);
}

async function overRecords(stage: Stage): Promise<Figure[]> {
  const runs = new Map<number, LongRunResult>();
  for (const batches of [10, 100, 1_000]) {
    const run = await longRun(stage, { batches });
    runs.set(run.records, run);
  }
  const peaks = [...runs].map(([records, { peakBytes }]) =>
    amount(`${records} records: peak memory of the process`, peakBytes / 1e6, 'MB'),
  );
  return [...growthOf('records', runs), ...peaks];
}

/** `BENCH_LEDGER_ITEMS=1000000` is for those who can wait for two minutes more. */
const LEDGER_ITEMS = [100, 10_000, Number(process.env['BENCH_LEDGER_ITEMS'] ?? 100_000)];

/** A partition of Iggy has an item for each group that it settled, and looks for those around a group's offsets. */
async function overLedgerItems(stage: Stage, source: 'kinesis' | 'iggy'): Promise<Figure[]> {
  const payloads = source === 'iggy' ? { ...PAYLOADS, most: 100 } : PAYLOADS;
  // The first item, to be copied.
  await longRun(stage, { source, payloads, batches: 1 });
  const runs = new Map<number, LongRunResult>();
  let items = 0;
  for (const wanted of LEDGER_ITEMS) {
    await (source === 'iggy' ? addGroups : addShards)(stage, wanted - items);
    items = wanted;
    runs.set(wanted, await longRun(stage, { source, payloads }));
  }
  return growthOf(source === 'iggy' ? 'settled groups of one Iggy partition' : 'ledger items of Kinesis shards', runs);
}

function growthOf(what: string, runs: ReadonlyMap<number, LongRunResult>): Figure[] {
  const figures = [...runs].map(([count, { microsPerRecord }]) => medianOf(`${count} ${what}: time per record`, microsPerRecord, 'µs'));
  const times = [...runs.values()].map(({ microsPerRecord }) => median(microsPerRecord));
  const [counts, first] = [[...runs.keys()], times[0] ?? Number.NaN];
  return [...figures, amount(`time per record, ${counts.at(-1)} / ${counts[0]} ${what}`, (times.at(-1) ?? Number.NaN) / first, 'x', FLAT)];
}
