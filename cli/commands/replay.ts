import { memoryBreaker } from '../../lib/breaker.ts';
import { systemClock } from '../../lib/clock.ts';
import { credentialsFrom } from '../../lib/credentials.ts';
import { s3PayloadStore } from '../../lib/dead-letter/s3.ts';
import { sqsDeadLetters } from '../../lib/dead-letter/sqs.ts';
import { connectDoris } from '../../lib/doris/client.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import { listLedger } from '../../lib/ledger/listing.ts';
import { targetName, targetsIn } from '../../lib/plan/route.ts';
import { ReplayStuck, replayShard } from '../../lib/redrive/replay.ts';
import type { KinesisShard } from '../../lib/source/record.ts';
import { asked, openDynamoDb, openKinesis, openS3, openSecrets, openSqs } from '../aws.ts';
import { failed, wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { type PeriodOptions, periodOf, shardsOf } from '../stream/period.ts';
import { tableText } from '../table.ts';
import { counted, isoTime } from '../words.ts';

/** `replay` */
export const registerReplay: Register = (command, act) => {
  command
    .option('--stream <name or ARN>', 'the stream')
    .option('--shard <id...>', 'these shards only')
    .option('--from <time>', 'records that arrived since, like 2026-11-21T03:00:00Z')
    .option('--to <time>', 'records that arrived until then (default now)')
    .option('--as <prefix>', 'label prefix of the replay: under the same one it goes on where it ended, and loads nothing twice')
    .addHelpText(
      'after',
      examples(
        'replay --stream orders --from 2026-11-20 --to 2026-11-21 --as green-1 --set DORIS_TABLE=orders_green',
        'replay --stream orders --shard shardId-000000000003 --from 2026-11-21T03:00:00Z --as fix-1 --yes',
      ),
    )
    .action(act(replay));
};

async function replay(session: Session, options: PeriodOptions & { readonly as?: string }): Promise<ExitCode> {
  const config = session.loaderConfig();
  const labelPrefix = prefixOf(options.as, config.load.labelPrefix);
  const period = periodOf(options);
  const shards = await shardsOf(options);
  const { credentials, ...settings } = config.doris;
  const { queueUrl, maxBytes, bucket } = config.deadLetters;
  const doris = connectDoris({ ...settings, credentials: credentialsFrom(credentials, openSecrets, systemClock) }, systemClock);
  const client = openKinesis();
  const store = bucket === undefined ? {} : { store: s3PayloadStore(openS3(), bucket) };
  const tables = targetsIn(config.load.routing).map(targetName).join(', ');
  await session.confirm(
    `What ${counted(shards.length, 'shard')} of ${options.stream} took from ${isoTime(period.from)} to ${isoTime(period.to)} is loaded into ${tables} under the name ${labelPrefix}. A table that has these rows already has them twice then, unless it has a UNIQUE KEY. Records that can never load become dead letters, also those that did before.`,
  );
  let records = 0;
  const isStopped = session.interruption();
  const all = {
    isStopped,
    streams: { client, clock: systemClock },
    decode: config.decode,
    rules: { ...config.load, labelPrefix },
    ports: {
      doris,
      ledger: dynamoLedger(openDynamoDb(), config.ledgerTable, systemClock),
      deadLetters: sqsDeadLetters({ client: openSqs(), queueUrl, maxBytes, ...store }, systemClock),
      telemetry: { record: () => {} },
      breaker: memoryBreaker(systemClock),
      clock: systemClock,
    },
    onWaiting: changes((reason) => session.output.note(`waiting: ${reason}`)),
    onProgress: (more: number) => {
      records += more;
      session.output.progress(`${records.toLocaleString('en-US')} records`);
    },
  };
  try {
    const done: { shard: string; records: number }[] = [];
    for (const source of shards) if (!isStopped()) done.push({ shard: source.shard, records: await replayShard(all, source, period) });
    const soFar = await settledSoFar(config.ledgerTable, labelPrefix, shards);
    session.output.result({ as: labelPrefix, records, soFar, shards: done, stopped: isStopped() }, () =>
      [
        tableText(
          ['shard', 'records'],
          done.map((line) => [line.shard, line.records]),
        ),
        '',
        `${records} records settled as ${labelPrefix}`,
        `under this name so far: ${counted(soFar.rows, 'row')} in ${counted(soFar.loads, 'load')}, ${counted(soFar.deadLetters, 'dead letter')}`,
        ...(isStopped() ? ['stopped before the end; the same command goes on there'] : []),
      ].join('\n'),
    );
    return isStopped() ? EXIT.interrupted : EXIT.done;
  } catch (error) {
    throw error instanceof ReplayStuck ? failed(error.message, { cause: error }) : error;
  } finally {
    client.destroy();
    await doris.close();
  }
}

/** What all runs under one name made of their records: the ledger counts it as it settles, so that no run counts anything twice. */
async function settledSoFar(table: string, loader: string, shards: readonly KinesisShard[]) {
  const client = openDynamoDb();
  try {
    const { checkpoints } = await asked(
      `ledger table ${table}`,
      listLedger(client, table, { kind: 'shards', loader, shards }, () => {}),
    );
    const sum = (of: 'rows' | 'loads' | 'deadLetters') => checkpoints.reduce((all, { totals }) => all + totals[of], 0);
    return { rows: sum('rows'), loads: sum('loads'), deadLetters: sum('deadLetters') };
  } finally {
    client.destroy();
  }
}

/** Tells what differs from what was told last. */
function changes(tell: (text: string) => void): (text: string) => void {
  let told = '';
  return (text) => {
    if (text !== told) tell(text);
    told = text;
  };
}

/** Under the loader's own name everything would pass for settled. */
function prefixOf(as: string | undefined, own: string): string {
  if (as === undefined || !/^[-_A-Za-z0-9]{1,16}$/.test(as))
    throw wrongInput(`--as must be 1-16 of [-_A-Za-z0-9] (given ${JSON.stringify(as ?? '')})`);
  if (as === own) throw wrongInput(`--as ${as} is the LABEL_PREFIX of the loader itself: what it has settled would be left out`);
  return as;
}
