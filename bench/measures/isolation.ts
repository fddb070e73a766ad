import { DATABASE, type Stack } from '../../local/demo/stack.ts';
import { seededRandom } from '../../local/doris/faults.ts';
import type { FunctionHost } from '../../local/function-process/host.ts';
import { functionOn, openEmbedded } from '../embedded.ts';
import { freshEvent, sampleOf } from '../event.ts';
import { atMost, type Figure, ratio } from '../figure.ts';
import { bundleOf } from '../run-child.ts';

const ROWS = 4_096;
const BAD = [1, 4, 16];
const DRAWS = 2;

/** Loads until the bad rows of a batch stand alone, counted as transactions of the Doris stand-in; the worst of some draws of rows. */
export async function measureIsolation(): Promise<Figure[]> {
  const stack = await openEmbedded(1);
  const loader = functionOn(stack, bundleOf('kinesis-loader'), 1, { POISON_FUSE_SHARE: '1' });
  const random = seededRandom(7);
  try {
    const figures: Figure[] = [];
    for (const bad of BAD) {
      const loads: number[] = [];
      for (let draw = 0; draw < DRAWS; draw++) loads.push(await loadsFor(stack, loader, drawn(bad, random)));
      figures.push(figureOf(bad, Math.max(...loads)));
    }
    return figures;
  } finally {
    await loader.close();
    await stack.close();
  }
}

function figureOf(bad: number, loads: number): Figure {
  const bound = 2 * bad * Math.log2(ROWS / bad) + 2;
  return ratio(`${bad} bad among ${ROWS} rows: ${loads} loads / (2 b log2(n / b) + 2 = ${Math.floor(bound)})`, loads / bound, atMost(1));
}

function drawn(count: number, random: () => number): ReadonlySet<number> {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(random() * ROWS));
  return chosen;
}

async function loadsFor(stack: Stack, loader: FunctionHost, bad: ReadonlySet<number>): Promise<number> {
  const { Records } = freshEvent(sampleOf({ kind: 'json', size: 120, most: ROWS }));
  const event = { Records: Records.map((record, n) => (bad.has(n) ? spoilt(record) : record)) };
  const before = stack.doris.transactions(DATABASE).at(-1)?.txnId ?? 0;
  const result = await loader.invoke(JSON.stringify(event));
  if (result.kind !== 'returned' || result.payload !== '{"batchItemFailures":[]}')
    throw new Error(`not settled: ${JSON.stringify(result)}`);
  return stack.doris.transactions(DATABASE).filter(({ txnId }) => txnId > before).length;
}

/** An amount that is no number: only Doris finds out. */
function spoilt(record: object): object {
  const { kinesis } = record as { readonly kinesis: object };
  return { ...record, kinesis: { ...kinesis, data: Buffer.from('{"id":1,"amount":"not a number"}').toString('base64') } };
}
