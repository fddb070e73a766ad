import { fileURLToPath } from 'node:url';
import { putRecords } from '../../local/demo/produce.ts';
import { DATABASE, STREAM, type Stack } from '../../local/demo/stack.ts';
import { startEventSourceMapping } from '../../local/event-source-mapping/kinesis.ts';
import { treeCpuMs } from '../cpu-time.ts';
import { functionOn, openEmbedded } from '../embedded.ts';
import { sampleOf } from '../event.ts';
import { atLeast, type Figure, medianOf, wallRatioOf } from '../figure.ts';
import { bundleOf } from '../run-child.ts';

const SHARDS = 4;
const ROUNDS = 3;
/** So many that they take seconds: the last batches of the shards are not full, and wait for the end of their window. */
const RECORDS = 120_000;
const WARM_UP = 4_000;
const WINDOW_SECONDS = 1;
const NOTHING = fileURLToPath(new URL('../children/nothing.mjs', import.meta.url));

/**
 * From the first call of the producer until every record is settled, through the embedded Kinesis, the event source mapping, function
 * processes, DynamoDB and the Doris stand-in, the last window included; and the same with a function that does nothing: all that the
 * emulators can do here.
 */
export async function measureStack(): Promise<Figure[]> {
  const loader: Carried[] = [];
  const nothing: Carried[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    loader.push(await carried(bundleOf('kinesis-loader'), WARM_UP + RECORDS));
    nothing.push(await carried(NOTHING, 0));
  }
  const times = (rounds: readonly Carried[]) => rounds.map(({ ms }) => ms);
  const rates = (rounds: readonly Carried[]) => rounds.map(({ ms }) => (1000 * RECORDS) / ms);
  const micros = (rounds: readonly Carried[]) => rounds.map(({ cpu }) => (1000 * cpu) / RECORDS);
  const alone = 'the emulators alone, with a function that does nothing';
  return [
    medianOf(`${SHARDS} shards, ${RECORDS} records of 340 bytes, end to end`, rates(loader), 'records/s', atLeast(20_000)),
    medianOf(alone, rates(nothing), 'records/s'),
    wallRatioOf('loader / function that does nothing, time', times(loader), times(nothing)),
    medianOf('CPU of a record, all processes', micros(loader), 'µs'),
    medianOf(`the same, ${alone}`, micros(nothing), 'µs'),
  ];
}

/** What it took to carry the records once everything was warm, in milliseconds: by the clock, and of the processors. */
interface Carried {
  readonly ms: number;
  readonly cpu: number;
}

/** @throws {Error} unless the table has so many rows then. */
async function carried(bundle: string, rows: number): Promise<Carried> {
  const stack = await openEmbedded(SHARDS);
  const host = functionOn(stack, bundle, SHARDS);
  const from = { kinesis: stack.kinesis, stream: STREAM, batchSize: 10_000, batchingWindowSeconds: WINDOW_SECONDS };
  const mapping = await startEventSourceMapping({ ...from, function: host });
  try {
    await produce(stack, WARM_UP);
    await mapping.drained();
    const [started, before] = [performance.now(), treeCpuMs()];
    await produce(stack, RECORDS);
    await mapping.drained();
    const took = { ms: performance.now() - started, cpu: treeCpuMs() - before };
    await expectRows(stack, rows);
    return took;
  } finally {
    await Promise.all([mapping.stop(), host.close()]);
    await stack.close();
  }
}

/** Bytes, as a producer has them at hand: making them is none of the stack's work. */
const PAYLOADS = sampleOf({ kind: 'json', size: 340, most: 5_000 })
  .body.toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line) => Buffer.from(line));

/** Kinesis takes 500 records a call. */
const CALL = 500;
const CALLS_AT_ONCE = 4;

async function produce(stack: Stack, count: number): Promise<void> {
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < count) {
      const from = sent;
      sent += CALL;
      const batch = Array.from({ length: CALL }, (_, n) => recordOf(from + n));
      await putRecords(stack.kinesis, STREAM, batch);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, lane));
}

function recordOf(n: number) {
  return { data: PAYLOADS[n % PAYLOADS.length] ?? Buffer.alloc(0), partitionKey: `key-${n}` };
}

async function expectRows(stack: Stack, expected: number): Promise<void> {
  const { rows } = await stack.doris.query('SELECT COUNT(*) FROM t', DATABASE);
  if (Number(rows[0]?.[0]) !== expected) throw new Error(`the table has ${rows[0]?.[0]} rows, not ${expected}`);
}
