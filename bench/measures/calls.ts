import { type Counted, countedOn } from '../counted.ts';
import { atMost, type Figure, ratio } from '../figure.ts';
import type { Stage } from '../stage.ts';

const WRITES = ['UpdateItem', 'PutItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];
const READS = ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems'];
const ROWS = 500;
const LOADS = 50;

/** DynamoDB calls that the function makes on the normal path, counted in front of the embedded DynamoDB. */
export async function measureCalls(stage: Stage): Promise<Figure[]> {
  const [alone, following] = [await callsOf(stage, 1), await callsOf(stage, LOADS)];
  const reads = Math.max(alone.calls(READS), following.calls(READS) / LOADS);
  return [
    ratio('a load by itself: DynamoDB writes', alone.calls(WRITES), atMost(2), 'calls'),
    // The last load has nothing to be settled with.
    ratio(
      `${LOADS} loads that follow each other: DynamoDB writes a load`,
      following.calls(WRITES) / LOADS,
      atMost((LOADS + 1) / LOADS),
      'calls',
    ),
    ratio('DynamoDB reads a load', reads, atMost(0), 'calls'),
  ];
}

function callsOf(stage: Stage, loads: number): Promise<Counted> {
  return countedOn(stage, { kind: 'json', size: 340, most: ROWS }, { MAX_LOAD_ROWS: String(ROWS / loads) });
}
