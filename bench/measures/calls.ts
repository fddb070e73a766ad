import { atMost, type Figure, ratio } from '../figure.ts';
import { lapOf, race } from '../race.ts';
import type { Stage } from '../stage.ts';

const WRITES = ['UpdateItem', 'PutItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];
const READS = ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems'];

/** DynamoDB calls that the function makes on the normal path, counted in front of the embedded DynamoDB. */
export async function measureCalls(stage: Stage): Promise<Figure[]> {
  const [alone, following] = [await callsOf(stage, 1), await callsOf(stage, 50)];
  return [
    ratio('a load by itself: DynamoDB writes', alone.writes, atMost(2)),
    ratio('loads that follow each other in a batch of 50: DynamoDB writes a load', following.writes, atMost(51 / 50)),
    ratio('DynamoDB reads a load', Math.max(alone.reads, following.reads), atMost(0)),
  ];
}

const ROUNDS = 5;
/** Of each contender of a race. */
const WARM_UPS = 4;

async function callsOf(stage: Stage, loads: number): Promise<{ readonly writes: number; readonly reads: number }> {
  const counter = await stage.countCalls();
  const most = 500;
  const env = { AWS_ENDPOINT_URL_DYNAMODB: counter.endpoint, MAX_LOAD_ROWS: String(most / loads) };
  const result = await race(stage, { contenders: ['handler'], payloads: { kind: 'json', size: 340, most }, rounds: ROUNDS }, env);
  counter.close();
  if (lapOf(result, 'handler').wallMs.length !== ROUNDS) throw new Error('a round is missing');
  const perLoad = (operations: readonly string[]) =>
    operations.reduce((sum, operation) => sum + (counter.calls.get(operation) ?? 0), 0) / ((ROUNDS + WARM_UPS) * loads);
  return { writes: perLoad(WRITES), reads: perLoad(READS) };
}
