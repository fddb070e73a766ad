import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { FUNCTIONS } from '../../infra/bundle.ts';
import type { ColdStartResult } from '../children/cold-start.ts';
import { amount, atMost, type Figure, medianOf, ratio, ratioOf } from '../figure.ts';
import { bundleOf, runChild } from '../run-child.ts';
import type { Stage } from '../stage.ts';

const ROUNDS = 7;
const LARGEST_KB = 700;

/** Size of each bundle, and how long a loader takes from its import to its first event, with the files in the disk cache. */
export async function measureColdStart({ env }: Stage): Promise<Figure[]> {
  return [...FUNCTIONS.flatMap(sizeOf), ...(await startOf('kinesis-loader', env)), ...(await startOf('iggy-loader', env))];
}

function sizeOf(name: (typeof FUNCTIONS)[number]): Figure[] {
  const bytes = readFileSync(bundleOf(name));
  return [
    ratio(`${name}: bundle / ${LARGEST_KB} KB`, bytes.length / 1000 / LARGEST_KB, atMost(1)),
    amount(`${name}: bundle, packed by gzip`, gzipSync(bytes).length / 1024, 'KiB'),
  ];
}

async function startOf(name: 'kinesis-loader' | 'iggy-loader', env: Stage['env']): Promise<Figure[]> {
  const starts: ColdStartResult[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const start = (await runChild('cold-start', {}, { ...env, BENCH_BUNDLE: bundleOf(name) })) as ColdStartResult;
    if (round >= 0) starts.push(start);
  }
  const ready = starts.map((start) => start.ready);
  return [
    medianOf(`${name}: import and first configuration, warm disk cache`, ready, 'ms', atMost(120)),
    medianOf(
      `${name}: that, CPU`,
      starts.map(({ readyCpu }) => readyCpu),
      'ms',
    ),
    ratioOf(
      `${name}: that / start of Node itself, CPU`,
      starts.map(({ readyCpu }) => readyCpu),
      starts.map(({ bootCpu }) => bootCpu),
    ),
  ];
}
