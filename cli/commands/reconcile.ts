import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config.ts';
import { credentialsFrom } from '../../lib/credentials.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { connectDoris } from '../../lib/doris/client.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import { targetName, targetsIn } from '../../lib/plan/route.ts';
import { NotTold, type Reconciled, reconcileShard } from '../../lib/redrive/reconcile.ts';
import { type Position, spellPosition } from '../../lib/source/position.ts';
import type { KinesisShard } from '../../lib/source/record.ts';
import { hours } from '../../lib/units.ts';
import { openDynamoDb, openKinesis, openSecrets } from '../aws.ts';
import { described, lookAtAll } from '../dead-letters/letters.ts';
import { failed, wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { type PeriodOptions, periodOf, shardsOf } from '../stream/period.ts';
import { tableText } from '../table.ts';

/** `reconcile` */
export const registerReconcile: Register = (command, act) => {
  command
    .option('--stream <name or ARN>', 'the stream')
    .option('--shard <id...>', 'these shards only')
    .option('--from <time>', 'records that arrived since, like 2026-11-21T03:00:00Z')
    .option('--to <time>', 'records that arrived until then (default now)')
    .addHelpText('after', examples('reconcile --stream orders --from 2026-11-21T03:00:00Z --to 2026-11-21T04:00:00Z'))
    .action(act(reconcile));
};

interface Line {
  readonly shard: string;
  readonly target: string;
  readonly expected: number;
  readonly lost: readonly string[];
  /** Missing because the loader has not settled them yet. */
  readonly waiting: readonly string[];
  /** Missing in the table, and in the dead-letter queue. */
  readonly letters: readonly string[];
  readonly doubled: readonly { readonly position: string; readonly rows: number }[];
}

async function reconcile(session: Session, options: PeriodOptions): Promise<ExitCode> {
  const config = session.loaderConfig();
  const columns = columnsOf(config);
  const period = periodOf(options);
  const shards = await shardsOf(options);
  const { credentials, ...settings } = config.doris;
  const doris = connectDoris({ ...settings, credentials: credentialsFrom(credentials, openSecrets, systemClock) }, systemClock);
  const client = openKinesis();
  const all = {
    streams: { client, clock: systemClock },
    decode: config.decode,
    routing: config.load.routing,
    columns,
    count: doris.countPositions,
    deadline: deadlineIn(hours(24), systemClock),
  };
  try {
    const found: Found[] = [];
    for (const source of shards) {
      session.output.progress(`reading ${source.shard}`);
      // Before the table is asked: what is settled by now has to be there then.
      const settled = await settledIn(config, source);
      for (const one of await reconcileShard(all, source, period)) found.push({ ...one, through: settled.get(one.target) });
    }
    return print(session, await withLetters(session, found));
  } catch (error) {
    throw error instanceof NotTold ? failed(error.message, { cause: error }) : error;
  } finally {
    client.destroy();
    await doris.close();
  }
}

function columnsOf({ load: { positionColumns } }: Config) {
  const { source, shard, position } = positionColumns;
  if (source === undefined || shard === undefined || position === undefined)
    throw wrongInput(
      'DORIS_POSITION_COLUMNS: must name columns for source, shard and position; without them no row can be told from another',
    );
  return { source, shard, position };
}

/** What was found in one table, and how far the loader had settled it before. */
type Found = Reconciled & { readonly through: Position | undefined };

async function settledIn({ ledgerTable, load }: Config, source: KinesisShard): Promise<ReadonlyMap<string, Position | undefined>> {
  const client = openDynamoDb();
  const ledger = dynamoLedger(client, ledgerTable, systemClock);
  const settled = new Map<string, Position | undefined>();
  try {
    for (const target of targetsIn(load.routing).map(targetName))
      settled.set(target, (await ledger.read({ loader: load.labelPrefix, source, target })).through);
    return settled;
  } finally {
    client.destroy();
  }
}

/** A record that is missing may be a dead letter: the queue is looked at only when something is missing. */
async function withLetters(session: Session, found: readonly Found[]): Promise<readonly Line[]> {
  const letters = new Set(
    found.some(({ missing }) => missing.length > 0)
      ? (await lookAtAll(session, {})).map(described).map(({ shard, position }) => `${shard} ${position}`)
      : [],
  );
  return found.map(({ shard, target, expected, missing, doubled, through }) => {
    const isWaiting = (position: Position): boolean => through === undefined || position > through;
    const positions = missing.filter((position) => !isWaiting(position)).map(spellPosition);
    const isLetter = (position: string): boolean => letters.has(`${shard} ${position}`);
    return {
      shard,
      target,
      expected,
      lost: positions.filter((position) => !isLetter(position)),
      waiting: missing.filter(isWaiting).map(spellPosition),
      letters: positions.filter(isLetter),
      doubled: doubled.map(({ position, rows }) => ({ position: spellPosition(position), rows })),
    };
  });
}

function print(session: Session, lines: readonly Line[]): ExitCode {
  const lost = lines.reduce((sum, line) => sum + line.lost.length, 0);
  const doubled = lines.reduce((sum, line) => sum + line.doubled.length, 0);
  const waiting = lines.reduce((sum, line) => sum + line.waiting.length, 0);
  session.output.result({ lost, doubled, waiting, shards: lines }, () =>
    [
      tableText(
        ['shard', 'table', 'rows expected', 'lost', 'not settled', 'dead letters', 'doubled'],
        lines.map((line) => [
          line.shard,
          line.target,
          line.expected,
          line.lost.length,
          line.waiting.length,
          line.letters.length,
          line.doubled.length,
        ]),
      ),
      ...lines.flatMap(({ shard, lost: positions }) => positions.slice(0, 20).map((position) => `lost: ${shard} ${position}`)),
      ...lines.flatMap(({ shard, doubled: twice }) =>
        twice.slice(0, 20).map(({ position, rows }) => `${rows} times: ${shard} ${position}`),
      ),
      '',
      `${lost} lost, ${doubled} doubled${waiting === 0 ? '' : `; ${waiting} not settled yet: the loader has them before it (status)`}`,
    ].join('\n'),
  );
  return lost + doubled + waiting === 0 ? EXIT.done : EXIT.amiss;
}
