import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { headOf, readLabel } from '../../lib/plan/label.ts';
import { ARN, type CliStack, SHARD, startCliStack } from './fixture.ts';
import { runCli } from './run.ts';

const input = z.object({
  prefix: z.string(),
  stream: z.string(),
  streamName: z.string(),
  shard: z.string(),
  positions: z.array(z.string()),
});
const vectors = z
  .object({ labels: z.array(z.object({ about: z.string(), label: z.string(), input })) })
  .parse(JSON.parse(readFileSync(new URL('../vectors/labels.json', import.meta.url), 'utf8'))).labels;

describe('a label read back', () => {
  it.each(vectors)(
    'tells loader, stream, shard, first position and number of records: $about',
    ({ label, input: { positions, ...of } }) => {
      const { prefix, ...source } = of;

      expect(readLabel(label)).toEqual({
        head: headOf(prefix, { kind: 'kinesis', ...source }),
        firstPosition: positions[0]?.slice(-64),
        records: positions.length,
      });
    },
  );

  it.each(['insert_8f2c', 'doris-orders-3-12-500-2jkcPUpySVjot7tnG', 'doris-orders-3-12-500-1short', ''])(
    'is none where it is another: %j',
    (text) => {
      expect(readLabel(text)).toBeUndefined();
    },
  );
});

describe('explain-label', () => {
  let stack: CliStack;
  let numbers: readonly string[];
  let label: string;

  beforeAll(async () => {
    stack = await startCliStack(4000);
    const records = [await stack.put(1), await stack.put(2)];
    numbers = records.map(({ sequenceNumber }) => sequenceNumber);
    await stack.deliver(...records);
    const load = stack.lines.map((line) => /"label":"(demo-[^"]+)"/.exec(line)?.[1]).find((found) => found !== undefined);
    label = load ?? '';
  });
  afterAll(() => stack.close());

  const explain = (...args: readonly string[]) => runCli(['explain-label', ...args], { ...stack.env, DORIS_TABLE: 't' });

  it('leads from the label of a log line to its shard, its records and what became of them', async () => {
    const { code, stdout } = await explain(label, '--json');

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      head: 'demo-flights-stre-0',
      firstPosition: numbers[0],
      records: 2,
      ledger: [{ loader: 'demo', stream: ARN, shard: SHARD, target: 'demo.t', kind: 'settled', through: numbers[1] }],
      doris: [{ database: 'demo', state: 'visible', means: 'its rows are in the table', transaction: { TransactionStatus: 'VISIBLE' } }],
    });
  });

  it('is a few sentences for people', async () => {
    const { stdout } = await explain(label);

    expect(stdout).toContain(`first record: ${numbers[0]}`);
    expect(stdout).toMatch(/^Doris, database demo: VISIBLE: its rows are in the table$/m);
  });

  it('finds the open claim of a load whose end nobody knows', async () => {
    stack.doris.faults.add({ at: 'be.reply', action: { kind: 'respond', status: 200, body: '' } });
    stack.doris.faults.add({ at: 'fe.load-state', action: { kind: 'respond', status: 503 } });
    const { sequenceNumber, data } = await stack.put(3);
    await stack.deliver({ sequenceNumber, data });
    stack.doris.faults.clear();
    const claims = JSON.parse((await runCli(['checkpoints', 'show', '--json'], stack.env)).stdout).checkpoints;
    const open = claims[0].claim.label;

    const { stdout } = await explain(open, '--json');

    expect(JSON.parse(stdout)).toMatchObject({
      records: 1,
      ledger: [{ kind: 'claim', span: { state: 'open', first: sequenceNumber, last: sequenceNumber, rows: 1 } }],
      doris: [{ state: 'visible', means: 'its rows are in the table' }],
    });
  });

  it('asks nobody when it is told so', async () => {
    const { code, stdout } = await runCli(['explain-label', label, '--offline', '--json']);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      label,
      head: 'demo-flights-stre-0',
      firstPosition: numbers[0],
      records: 2,
      ledger: null,
      redrives: null,
      doris: null,
    });
  });

  it('says of a text that is no label what labels look like', async () => {
    const { code, stderr } = await explain('insert_8f2c');

    expect(code).toBe(2);
    expect(stderr).toContain('is no label of a loader');
  });
});
