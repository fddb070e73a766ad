import type { RaceResult } from '../children/laps.ts';
import type { Payloads } from '../event.ts';
import { atMost, type Figure, medianOf, ratioOf, wallRatioOf } from '../figure.ts';
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

const PASSES = 3;

/** What an event takes whose records are of one kind: no kind may fall off a cliff. */
export async function measurePayloads(stage: Stage): Promise<Figure[]> {
  const costs = new Map(Object.keys(CASES).map((name) => [name, noCost()]));
  for (let pass = 0; pass < PASSES; pass++)
    for (const [name, payloads] of Object.entries(CASES))
      add(costs.get(name), await race(stage, { contenders: ['handler'], payloads, rounds: 4 }));
  const reference = costs.get(REFERENCE);
  return [...costs].flatMap(([name, cost]) => [
    medianOf(name, cost.wallPerMegabyte.map(perSecond), 'MB/s'),
    medianOf(`${name}: CPU per record`, cost.cpuMicros, 'µs'),
    ...(reference === undefined || cost === reference
      ? []
      : [
          wallRatioOf(`${REFERENCE} / ${name}, MB/s`, cost.wallPerMegabyte, reference.wallPerMegabyte, atMost(5)),
          ratioOf(`${name} / ${REFERENCE}, CPU of a byte`, cost.cpuPerMegabyte, reference.cpuPerMegabyte),
        ]),
  ]);
}

/** Of each pass. */
interface Cost {
  readonly wallPerMegabyte: number[];
  readonly cpuPerMegabyte: number[];
  readonly cpuMicros: number[];
}

function noCost(): Cost {
  return { wallPerMegabyte: [], cpuPerMegabyte: [], cpuMicros: [] };
}

function perSecond(millisPerMegabyte: number): number {
  return 1000 / millisPerMegabyte;
}

function add(cost: Cost | undefined, result: RaceResult): void {
  const { wallMs, cpuMs } = lapOf(result, 'handler');
  cost?.wallPerMegabyte.push(median(wallMs) / (result.bytes / 1e6));
  cost?.cpuPerMegabyte.push(median(cpuMs) / (result.bytes / 1e6));
  cost?.cpuMicros.push((median(cpuMs) * 1000) / result.rows);
}
