import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import type { Label } from '../../lib/plan/label.ts';
import { kinesisPosition, type Position, spellPosition } from '../../lib/source/position.ts';
import { epochMillis } from '../../lib/units.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { ARN, type CliStack, SHARD, startCliStack } from './fixture.ts';
import { runCli } from './run.ts';

let stack: CliStack;
let numbers: readonly string[];

beforeAll(async () => {
  stack = await startCliStack();
  const records = [await stack.put(1), await stack.put(2), await stack.put(3)];
  numbers = records.map(({ sequenceNumber }) => sequenceNumber);
  await stack.deliver(...records);
});
afterAll(() => stack.close());

describe('checkpoints list', () => {
  it('shows how far each shard is settled, what it loaded and who did it', async () => {
    const { code, stdout } = await runCli(['checkpoints', 'list', '--json'], stack.env);

    expect(code).toBe(0);
    expect(JSON.parse(stdout).checkpoints).toEqual([
      expect.objectContaining({ loader: 'demo', stream: ARN, target: 'demo.t', through: numbers[2], claim: null, rows: 3, loads: 1 }),
    ]);
  });

  it('is a table for people', async () => {
    const [head, row] = (await runCli(['checkpoints', 'list'], stack.env)).stdout.split('\n');

    expect(head).toMatch(/^loader +stream +shard +table +settled through +claim +rows/);
    expect(row).toMatch(/^demo .* demo\.t +\d{56} +- +3 +1 +0$/);
  });

  it('finds those of a named stream by their keys', async () => {
    for (const choice of [
      ['--stream', STREAM],
      ['--stream', ARN, '--shard', SHARD],
      ['--shard', '0', '--stream', STREAM],
    ]) {
      const { stdout } = await runCli(['checkpoints', 'list', '--json', ...choice], stack.env);
      expect(JSON.parse(stdout).checkpoints).toEqual([expect.objectContaining({ stream: ARN, shard: SHARD, through: numbers[2] })]);
    }
    const { code, stderr } = await runCli(['checkpoints', 'list', '--stream', 'no-such-stream'], stack.env);
    expect(code).toBe(3);
    expect(stderr).toContain('stream no-such-stream: ResourceNotFoundException');
  });

  it('leaves other loaders out unless they are asked for', async () => {
    const other = { ...stack.env, LABEL_PREFIX: 'other' };

    expect((await runCli(['checkpoints', 'list'], other)).stdout).toContain('no such checkpoints of loader other');
    expect((await runCli(['checkpoints', 'list', '--all-loaders'], other)).stdout).toContain('demo.t');
  });
});

describe('checkpoints show', () => {
  it('shows one checkpoint by the number of its shard', async () => {
    const { code, stdout } = await runCli(['checkpoints', 'show', '--shard', '0'], stack.env);

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`through +${numbers[2]}`));
    expect(stdout).toMatch(/claim +none/);
  });

  it('ends with 3 when there is no such checkpoint', async () => {
    const { code, stderr } = await runCli(['checkpoints', 'show', '--shard', '9'], stack.env);

    expect(code).toBe(3);
    expect(stderr).toContain('no such checkpoint of loader demo');
  });
});

describe('checkpoints reset', () => {
  const reset = (...args: readonly string[]) => runCli(['checkpoints', 'reset', '--shard', SHARD, '--json', ...args], stack.env);
  const through = async () => JSON.parse((await runCli(['checkpoints', 'list', '--json'], stack.env)).stdout).checkpoints[0].through;

  it('changes nothing where nobody can be asked, and says what it would do', async () => {
    const { code, stderr } = await reset('--to', numbers[0] ?? '');

    expect(code).toBe(4);
    expect(stderr).toContain(`Records after ${numbers[0]} up to ${numbers[2]} count as not settled.`);
    expect(await through()).toBe(numbers[2]);
  });

  it('moves the watermark back, so that records that come again are loaded again under other labels', async () => {
    const { code, stdout } = await reset('--to', numbers[0] ?? '', '--yes');

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ before: numbers[2], through: numbers[0], droppedClaim: null });
    await stack.deliver({ data: '{"id":2}', sequenceNumber: numbers[1] ?? '' }, { data: '{"id":3}', sequenceNumber: numbers[2] ?? '' });
    expect(await stack.select('SELECT id, COUNT(*) FROM t GROUP BY id ORDER BY id')).toEqual([
      ['1', '1'],
      ['2', '2'],
      ['3', '2'],
    ]);
  });

  it('finds the place before the first record of a moment', async () => {
    const { code, stdout } = await reset('--to', '2020-01-01T00:00:00Z', '--yes');

    expect(code).toBe(0);
    expect(JSON.parse(stdout).through).toBe(String(BigInt(numbers[0] ?? '') - 1n));
  });

  it('refuses to skip to a number that the shard cannot have, like one with a digit too many', async () => {
    const { code, stderr } = await reset('--to', `${numbers[2]}0`, '--yes');

    expect(code).toBe(2);
    expect(JSON.parse(stderr).error.message).toContain(`${numbers[2]}0 is no position of ${SHARD}`);
  });

  it('refuses a place that is none', async () => {
    const { code, stderr } = await reset('--to', 'yesterday');

    expect(code).toBe(2);
    expect(stderr).toContain('is no place in a shard');
  });

  it('refuses while a load is in doubt, and drops its claim only when it is told to', async () => {
    const before = await through();
    await openClaim(kinesisPosition(before));

    const refused = await reset('--to', before, '--yes');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('load in-doubt of 3 rows is open');

    const { code, stdout, stderr } = await reset('--to', before, '--yes', '--drop-claim');
    expect(code).toBe(0);
    expect(stderr).toContain('The watermark stays where it is.');
    expect(stderr).toContain('if Doris has its rows, they may be loaded TWICE');
    expect(JSON.parse(stdout)).toMatchObject({ through: before, droppedClaim: 'in-doubt' });
  });
});

/** As a loader leaves it that was killed during a load. */
async function openClaim(after: Position): Promise<void> {
  const dynamoDb = new DynamoDBClient({
    endpoint: stack.aws.dynamoDb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  const next = kinesisPosition(String(BigInt(spellPosition(after)) + 1n));
  const source = { kind: 'kinesis', stream: ARN, streamName: STREAM, shard: SHARD } as const;
  const moved = await dynamoLedger(dynamoDb, stack.env['LEDGER_TABLE'] ?? '', systemClock).move(
    { loader: 'demo', source, target: 'demo.t' },
    {
      expect: { kind: 'vacant', before: next },
      claim: {
        state: { kind: 'open' },
        label: 'in-doubt' as Label,
        first: next,
        last: next,
        rows: 3,
        routes: '',
        origin: 'cut',
        deadline: epochMillis(0),
        fence: 1,
        claimedAt: epochMillis(0),
      },
    },
  );
  expect(moved.kind).toBe('moved');
  dynamoDb.destroy();
}
