import type { Payloads } from '../event.ts';
import { amount, atMost, type Figure, ratio } from '../figure.ts';
import { median } from '../judge.ts';
import { lapOf, race } from '../race.ts';
import type { Stage } from '../stage.ts';

const CASES: Readonly<Record<string, Payloads>> = {
  'JSON of 100 bytes': { kind: 'json', size: 100 },
  'JSON of 1 KB': { kind: 'json', size: 1_000 },
  'JSON of 10 KB': { kind: 'json', size: 10_000 },
  'JSON of 1 MB': { kind: 'json', size: 1_000_000 },
  'KPL aggregates of JSON of 1 KB': { kind: 'kpl', size: 1_000 },
  'KPL aggregates of JSON of 100 bytes': { kind: 'kpl', size: 100 },
  'gzip of JSON of 1 KB': { kind: 'gzip', size: 1_000 },
};
const REFERENCE = 'JSON of 1 KB';

/** What an event takes whose records are of one kind: no kind may fall off a cliff. */
export async function measurePayloads(stage: Stage): Promise<Figure[]> {
  const costs = new Map<string, Cost>();
  for (const [name, payloads] of Object.entries(CASES)) costs.set(name, await costOf(stage, payloads));
  const reference = costs.get(REFERENCE);
  return [...costs].flatMap(([name, cost]) => [
    amount(`${name}: ${cost.rows} records, MB/s`, cost.megabytesPerSecond, 'MB/s'),
    amount(`${name}: CPU per record`, cost.cpuMicros, 'µs'),
    ...(reference === undefined || cost === reference ? [] : [slower(name, reference, cost)]),
  ]);
}

interface Cost {
  readonly rows: number;
  readonly megabytesPerSecond: number;
  readonly cpuMicros: number;
}

async function costOf(stage: Stage, payloads: Payloads): Promise<Cost> {
  const result = await race(stage, { contenders: ['handler'], payloads, rounds: 9 });
  const { wallMs, cpuMs } = lapOf(result, 'handler');
  return {
    rows: result.rows,
    megabytesPerSecond: result.bytes / 1000 / median(wallMs),
    cpuMicros: (median(cpuMs) * 1000) / result.rows,
  };
}

function slower(name: string, reference: Cost, cost: Cost): Figure {
  return ratio(`${REFERENCE} / ${name}, MB/s`, reference.megabytesPerSecond / cost.megabytesPerSecond, atMost(5));
}
