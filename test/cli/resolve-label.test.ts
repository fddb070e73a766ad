import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { CheckpointKey, Claim, Ledger } from '../../lib/ledger/checkpoint.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import { type Label, labelOf } from '../../lib/plan/label.ts';
import { membersOf } from '../../lib/plan/route.ts';
import { kinesisPosition } from '../../lib/source/position.ts';
import { epochMillis } from '../../lib/units.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { kinesisEvent } from '../support/builders.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { RULES } from '../support/world.ts';
import { ARN, type CliStack, type Delivered, SHARD, startCliStack } from './fixture.ts';
import { runCli } from './run.ts';

const SOURCE = { kind: 'kinesis', stream: ARN, streamName: STREAM, shard: SHARD } as const;
const TARGET = { database: 'demo', table: 't' };
const KEY: CheckpointKey = { loader: 'demo', source: SOURCE, target: 'demo.t' };

let stack: CliStack;
let dynamoDb: DynamoDBClient;
let ledger: Ledger;
let id = 0;

beforeAll(async () => {
  stack = await startCliStack();
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  dynamoDb = new DynamoDBClient({ endpoint: stack.aws.dynamoDb.endpoint, region: 'us-east-1', credentials });
  ledger = dynamoLedger(dynamoDb, stack.env['LEDGER_TABLE'] ?? '', systemClock);
});
afterAll(async () => {
  dynamoDb.destroy();
  await stack.close();
});
beforeEach(async () => {
  await stack.select('TRUNCATE TABLE t');
  const { claim } = await ledger.read(KEY);
  if (claim !== undefined) await ledger.move(KEY, { expect: { kind: 'holding', label: claim.label } });
});

const cli = (...args: readonly string[]) => runCli(args, { ...stack.env, DORIS_TABLE: 't' });
const resolve = (...args: readonly string[]) => cli('resolve-label', '--json', ...args);

/** Records with the ids that come next. */
async function put(count: number): Promise<readonly (Delivered & { readonly id: number })[]> {
  const records: (Delivered & { readonly id: number })[] = [];
  for (let n = 0; n < count; n++) records.push({ id: ++id, ...(await stack.put(id)) });
  return records;
}

const rows = async () => (await stack.select('SELECT id FROM t ORDER BY id')).map(([cell]) => Number(cell));
const idsOf = (records: readonly { readonly id: number }[]) => records.map((record) => record.id);
const checkpoint = async () => JSON.parse((await cli('checkpoints', 'show', '--json')).stdout).checkpoints[0];

const misreport = () => stack.doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'alter', fields: { NumberLoadedRows: 1 } } });

/** Two records whose load Doris takes, and reports otherwise. */
async function contradicted() {
  const records = await put(2);
  misreport();
  expect(await stack.invoke(...records)).toMatchObject({ kind: 'error' });
  const { claim } = await checkpoint();
  expect(claim.state.kind).toBe('contradicted');
  return { records, label: claim.label as string };
}

const errorOf = (stderr: string): string => JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '').error.message;

describe('a claim that Doris reported otherwise than it was sent', () => {
  it('goes on by the word that it is stored, and nothing is lost or doubled', async () => {
    const { records, label } = await contradicted();
    const [first] = records;
    const more = await put(1);
    await stack.select(`DELETE FROM t WHERE id = ${first?.id}`);
    expect(await stack.deliver(...records)).toEqual({ batchItemFailures: [{ itemIdentifier: first?.sequenceNumber }] });
    await stack.select(`INSERT INTO t VALUES (${first?.id})`);

    const { code, stdout, stderr } = await resolve(label, '--stored', '--yes');

    expect(code).toBe(0);
    expect(stderr).toContain('Rows of it that the table lacks are LOST');
    expect(JSON.parse(stdout)).toEqual({
      label,
      resolved: [
        {
          ...{ kind: 'claim', loader: 'demo', stream: ARN, shard: SHARD, target: 'demo.t', rows: 2 },
          before: 'contradicted',
          now: 'loaded',
        },
      ],
    });
    expect(await stack.deliver(...records, ...more)).toEqual({ batchItemFailures: [] });
    expect(await rows()).toEqual(idsOf([...records, ...more]));
    expect(await checkpoint()).toMatchObject({ claim: null, through: more[0]?.sequenceNumber });
  });

  it('does not count as missing while Doris takes its label for stored, and is loaded again once Doris has forgotten that', async () => {
    const { records, label } = await contradicted();
    await stack.select(`DELETE FROM t WHERE id >= ${records[0]?.id}`);

    const refused = await resolve(label, '--not-stored', '--yes');
    expect(refused.code).toBe(3);
    expect(errorOf(refused.stderr)).toContain(`in database demo its label is VISIBLE`);
    expect((await checkpoint()).claim.state.kind).toBe('contradicted');
    const [clean = ''] = /CLEAN LABEL [^)]+/.exec(errorOf(refused.stderr)) ?? [];
    await stack.select(clean);

    const { code, stdout, stderr } = await resolve(label, '--not-stored', '--yes');

    expect(code).toBe(0);
    expect(stderr).toContain('are there TWICE then');
    expect(JSON.parse(stdout).resolved).toMatchObject([{ before: 'contradicted', now: 'unseen' }]);
    expect(await stack.deliver(...records)).toEqual({ batchItemFailures: [] });
    expect(await rows()).toEqual(idsOf(records));
    expect((await checkpoint()).claim).toBeNull();
  });

  it('is named by what looks at the ledger, with what to do', async () => {
    const { records, label } = await contradicted();

    const status = JSON.parse((await cli('status', '--json')).stdout);
    const explained = (await cli('explain-label', label)).stdout;
    const reset = await cli('checkpoints', 'reset', '--to', records[0]?.sequenceNumber ?? '', '--yes', '--json');
    const dropped = await cli('checkpoints', 'reset', '--to', (await checkpoint()).through, '--drop-claim');

    expect(status.findings).toContainEqual(
      expect.stringMatching(`the shard waits for a person: .*with the records of load ${label}, then see resolve-label`),
    );
    expect(explained).toContain('contradicted: Doris reports success');
    expect(explained).toContain(`resolve-label ${label} --stored`);
    expect(errorOf(reset.stderr)).toContain(`no delivery resolves it: see resolve-label ${label}`);
    expect(dropped.code).toBe(4);
    expect(dropped.stderr).toContain('while Doris takes its label for stored, rows that the table lacks are LOST');
  });
});

describe('a claim that Doris may have forgotten', () => {
  /** As a loader leaves it that was killed during a load of all the records, at some time of the past. */
  async function openClaim(records: readonly Delivered[], changes: Partial<Claim> = {}): Promise<string> {
    const positions = records.map(({ sequenceNumber }) => kinesisPosition(sequenceNumber));
    const [first, last] = [positions[0], positions.at(-1)];
    if (first === undefined || last === undefined) throw new Error('no records');
    const claim: Claim = {
      state: { kind: 'open' },
      label: labelFor(records),
      first,
      last,
      rows: records.length,
      routes: membersOf({ ...RULES.routing, defaultTarget: TARGET }, SOURCE, TARGET),
      origin: 'cut',
      deadline: epochMillis(0),
      fence: 1,
      claimedAt: epochMillis(0),
      ...changes,
    };
    expect(await ledger.move(KEY, { expect: { kind: 'vacant', before: first }, claim })).toEqual({ kind: 'moved' });
    return claim.label;
  }

  it('goes on by the word that it is stored, without a second load', async () => {
    const records = await put(2);
    const label = await openClaim(records);
    await stack.select(`INSERT INTO t VALUES ${idsOf(records).map((one) => `(${one})`)}`);

    expect((await resolve(label, '--stored', '--yes')).code).toBe(0);

    expect(await stack.deliver(...records)).toEqual({ batchItemFailures: [] });
    expect(await rows()).toEqual(idsOf(records));
  });

  it('is loaded by the word that it is not stored', async () => {
    const records = await put(2);
    const label = await openClaim(records);

    expect((await resolve(label, '--not-stored', '--yes')).code).toBe(0);

    expect(await stack.deliver(...records)).toEqual({ batchItemFailures: [] });
    expect(await rows()).toEqual(idsOf(records));
  });

  it('is loaded by that word after a delivery that waited for it, as soon as nobody has it in hand', async () => {
    const records = await put(2);
    const label = await openClaim(records);
    const waiting = stack.startFunction({ ON_UNVERIFIABLE: 'wait' });
    const event = kinesisEvent(records.map((record) => ({ ...record, streamArn: ARN, shard: SHARD })));
    const failures = `{"batchItemFailures":[{"itemIdentifier":"${records[0]?.sequenceNumber}"}]}`;
    expect(await waiting.invoke(JSON.stringify(event))).toMatchObject({ kind: 'returned', payload: failures });
    expect(waiting.lines.join('\n')).toMatch(new RegExp(`"message":"claim-waits".*"label":"${label}"`));

    const resolved = async () => (await resolve(label, '--not-stored', '--yes')).code;
    await expect.poll(resolved, { timeout: 90_000, interval: 500 }).toBe(0);

    expect(await stack.deliver(...records)).toEqual({ batchItemFailures: [] });
    expect(await rows()).toEqual(idsOf(records));
  });

  it.each<[string, () => Partial<Claim>, string]>([
    ['a loader may still load', () => ({ deadline: epochMillis(Date.now() + 3_600_000) }), 's a loader may still load it'],
    ['Doris would know', () => ({ claimedAt: epochMillis(Date.now()) }), 'Doris would know its label, had it stored the load'],
    ['is dead letters', () => ({ state: { kind: 'given-up', reason: 'r' } }), 'its fate is known, and the next delivery settles it'],
    ['shows no row', () => ({ state: { kind: 'unseen' } }), 'none of its rows is visible'],
    ['has no label in Doris', () => ({ state: { kind: 'unlabelled' } }), 'the next delivery loads it again'],
  ])('takes no word when it is one that %s', async (_, changes, why) => {
    const records = await put(1);
    const label = await openClaim(records, changes());

    for (const word of ['--stored', '--not-stored']) {
      const { code, stderr } = await resolve(label, word, '--yes');
      expect(code).toBe(3);
      expect(errorOf(stderr)).toContain('nothing was changed');
      expect(errorOf(stderr)).toContain(why);
    }
    expect((await checkpoint()).claim).toMatchObject({ label, fence: 1 });
  });

  it('takes no word when its label still tells', async () => {
    const known = await put(1);
    await stack.deliver(...known);
    const label = await openClaim(await put(1), { label: labelFor(known) });

    const { code, stderr } = await resolve(label, '--not-stored', '--yes');

    expect(code).toBe(3);
    expect(errorOf(stderr)).toContain('its label is VISIBLE (its rows are in the table), so that the next delivery settles it');
  });

  const labelFor = (records: readonly Delivered[]): Label =>
    labelOf('demo', {
      source: SOURCE,
      target: TARGET,
      members: records.map(({ sequenceNumber }) => ({ position: kinesisPosition(sequenceNumber), itemIdentifier: sequenceNumber })),
    });
});

describe('messages of Iggy whose load Doris reported otherwise than it was sent', () => {
  let loader: ReturnType<CliStack['startFunction']>;
  beforeAll(() => {
    loader = stack.startFunction({}, 20_000, 'iggy-loader');
  });
  const invoke = (...offsets: readonly number[]) => loader.invoke(JSON.stringify(sqsEvent([{ body: iggyBody(offsets) }])));
  const DONE = { kind: 'returned', payload: '{"batchItemFailures":[]}' };

  it('go on by the word that it is stored', async () => {
    misreport();
    expect(await invoke(1, 2)).toMatchObject({ kind: 'error' });
    const { partitions, findings } = JSON.parse((await cli('status', '--json')).stdout);
    const { label } = partitions[0].contradicted[0];
    expect(findings).toContainEqual(expect.stringContaining(`records of load ${label}, then see resolve-label`));
    expect((await cli('explain-label', label)).stdout).toContain(`it is the claim, contradicted: 2 rows from 1 to 2`);

    const { code, stdout } = await resolve(label, '--stored', '--yes');

    expect(code).toBe(0);
    expect(JSON.parse(stdout).resolved).toMatchObject([{ kind: 'claim', stream: 'shop/orders', shard: '3', now: 'loaded' }]);
    expect(await invoke(1, 2)).toMatchObject(DONE);
    expect(await rows()).toEqual([1, 2]);
  });

  it('are loaded by the word that it is not stored, also when they come again in other bodies', async () => {
    misreport();
    expect(await invoke(11, 12, 13)).toMatchObject({ kind: 'error' });
    const { partitions } = JSON.parse((await cli('status', '--json')).stdout);
    const { label } = partitions[0].contradicted[0];
    await stack.select('DELETE FROM t WHERE id > 10');
    await stack.select(`CLEAN LABEL \`${label}\` FROM demo`);

    expect((await resolve(label, '--not-stored', '--yes')).code).toBe(0);

    const inTurns = async () => [await invoke(12, 13), await invoke(11)];
    await expect.poll(inTurns, { timeout: 90_000, interval: 500 }).toMatchObject([DONE, DONE]);
    expect(await rows()).toEqual([11, 12, 13]);
  });

  /** One message as http_sink sends it. */
  function iggyBody(offsets: readonly number[]): string {
    const metadata = (offset: number) =>
      `"iggy_id":"${'0'.repeat(32)}","iggy_offset":${offset},"iggy_partition_id":3,"iggy_stream":"shop","iggy_timestamp":1710064800123456,"iggy_topic":"orders"`;
    return `[${offsets.map((offset) => `{"metadata":{${metadata(offset)}},"payload":{"id":${offset}}}`)}]`;
  }
});

describe('resolve-label', () => {
  const NOBODYS = 'demo-flights-stre-0-49590338271490256608559692538361571095921575989136588898-500-1jkcPUpySVjot7tnG';

  it.each([
    ['neither', []],
    ['both', ['--stored', '--not-stored']],
  ])('wants one word, not %s', async (_, words) => {
    const { code, stderr } = await resolve(NOBODYS, ...words);

    expect(code).toBe(2);
    expect(errorOf(stderr)).toContain('either --stored or --not-stored');
  });

  it('says of a text that is no label what labels look like', async () => {
    expect(await resolve('insert_8f2c', '--stored')).toMatchObject({ code: 2, stderr: expect.stringContaining('is no label of a loader') });
  });

  it('says so when nothing has the label, or another loader does', async () => {
    const { label } = await contradicted();

    expect(await resolve(NOBODYS, '--stored', '--yes')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no claim and no redrive'),
    });
    expect(await resolve(label, '--stored', '--yes', '--set', 'LABEL_PREFIX=other')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no claim and no redrive of loader other'),
    });
  });

  it('changes nothing where nobody can be asked, and says what would follow', async () => {
    const { records, label } = await contradicted();

    const { code, stderr } = await resolve(label, '--stored');

    expect(code).toBe(4);
    expect(stderr).toContain(`${ARN} ${SHARD} into demo.t (2 rows from ${records[0]?.sequenceNumber} to ${records[1]?.sequenceNumber})`);
    expect((await checkpoint()).claim.state.kind).toBe('contradicted');
  });
});
