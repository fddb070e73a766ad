import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config.ts';
import { credentialsFrom } from '../../lib/credentials.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { inspectDoris } from '../../lib/doris/inspector.ts';
import type { Item } from '../../lib/ledger/item.ts';
import type { ReadLabel } from '../../lib/plan/label.ts';
import { targetsIn } from '../../lib/plan/route.ts';
import type { LabelState } from '../../lib/ports.ts';
import { type FoundLoad, foundLoadOf, isLoadUnder, type RedrivePlace } from '../../lib/redrive/find.ts';
import type { RedriveLoad } from '../../lib/redrive/ledger.ts';
import { seconds } from '../../lib/units.ts';
import { openSecrets } from '../aws.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type LedgerWord, labelIn, ledgerWords, STATE_MEANING } from '../label/explain.ts';
import { readLedger } from '../ledger/select.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { counted, isoTime } from '../words.ts';

/** `explain-label` */
export const registerExplainLabel: Register = (command, act) => {
  command
    .argument('<label>', 'as logs, dead letters and SHOW TRANSACTION show it')
    .option('--offline', 'ask neither the ledger nor Doris')
    .addHelpText(
      'after',
      examples(
        'explain-label doris-orders-3-49590338271490256608559692538361571095921575989136588898-500-1jkcPUpySVjot7tnG',
        'explain-label "$label" --offline --json',
      ),
    )
    .action(act(explainLabel));
};

interface DorisWord {
  readonly database: string;
  readonly state: LabelState['kind'];
  readonly means: string;
  readonly transaction: Readonly<Record<string, string>> | null;
}

interface Explained extends ReadLabel {
  readonly label: string;
  readonly ledger: readonly LedgerWord[] | null;
  /** Loads of redrives under it. */
  readonly redrives: readonly RedriveWord[] | null;
  readonly doris: readonly DorisWord[] | null;
}

async function explainLabel(session: Session, label: string, { offline = false }: { readonly offline?: boolean }): Promise<ExitCode> {
  const read = labelIn(label);
  if (offline) return print(session, { label, ...read, ledger: null, redrives: null, doris: null });
  const loads: Item[] = [];
  const listing = await readLedger(session, { allLoaders: true }, (item) => {
    if (isLoadUnder(label, item)) loads.push(item);
  });
  const ledger = ledgerWords(label, read, listing);
  const redrives = loads
    .map(foundLoadOf)
    .map(wordOf)
    .toSorted((a, b) => (a.begunAt < b.begunAt ? -1 : 1));
  return print(session, { label, ...read, ledger, redrives, doris: await askDoris(session, label, ledger) });
}

interface RedriveWord extends RedrivePlace {
  readonly state: RedriveLoad['state'];
  /** Of `contradicted`: why. */
  readonly reason: string | null;
  readonly item: FoundLoad['item'];
  readonly rows: number;
  readonly begunAt: string;
}

function wordOf({ load, ...place }: FoundLoad): RedriveWord {
  const { state, rows, claimedAt } = load;
  return { ...place, state, reason: load.state === 'contradicted' ? load.reason : null, rows, begunAt: isoTime(claimedAt) };
}

async function askDoris(session: Session, label: string, ledger: readonly LedgerWord[]): Promise<readonly DorisWord[]> {
  const config = session.loaderConfig();
  const { credentials, ...settings } = config.doris;
  const inspector = inspectDoris({ ...settings, credentials: credentialsFrom(credentials, openSecrets, systemClock) }, systemClock);
  const soon = () => deadlineIn(seconds(15), systemClock);
  try {
    const words: DorisWord[] = [];
    for (const database of databasesOf(config, ledger)) {
      const state = await inspector.labelState(database, label, soon());
      const transaction = await inspector.transaction(database, label, soon());
      const known = transaction.kind === 'told' && Object.keys(transaction.value).length > 0 ? transaction.value : null;
      words.push({
        database,
        state: state.kind,
        means: state.kind === 'unreachable' ? state.reason : STATE_MEANING[state.kind],
        transaction: known,
      });
    }
    return words;
  } finally {
    await inspector.close();
  }
}

/** A label's scope is its database: those of the checkpoints that it may be about, otherwise all that the loader loads into. */
function databasesOf({ load }: Config, ledger: readonly LedgerWord[]): readonly string[] {
  const named = ledger.map(({ target }) => target.split('.')[0] ?? '').filter((database) => database !== '-');
  return [...new Set(named.length > 0 ? named : targetsIn(load.routing).map(({ database }) => database))];
}

function print({ output }: Session, explained: Explained): ExitCode {
  output.result(explained, () => textOf(explained).join('\n'));
  return explained.doris?.some(({ state }) => state === 'unreachable') ? EXIT.amiss : EXIT.done;
}

function textOf({ label, head, firstPosition, records, ledger, redrives, doris }: Explained): readonly string[] {
  return [
    `loader prefix, stream and shard: ${head}`,
    `first record: ${firstPosition}`,
    `records: ${records}`,
    ...(ledger === null
      ? []
      : ledger.length === 0
        ? ['ledger: no checkpoint begins its labels like this']
        : ledger.flatMap((word) => ledgerText(label, word))),
    ...(redrives ?? []).flatMap((word) => redriveText(label, word)),
    ...(doris ?? []).flatMap(dorisText),
  ];
}

function ledgerText(label: string, { loader, stream, shard, target, kind, through, span }: LedgerWord): readonly string[] {
  const where = `ledger: loader ${loader}, ${stream}, ${shard} into ${target}`;
  switch (kind) {
    case 'claim':
      return [
        `${where}: it is the claim, ${span?.state}: ${counted(span?.rows ?? 0, 'row')} from ${span?.first} to ${span?.last}`,
        ...(span?.reason ? contradictedText(label, span.reason, 'its records') : []),
        ...(span?.state === 'open' ? [`  where its shard waits for a person (unverifiable), resolve-label ${label} takes the answer`] : []),
      ];
    case 'witness':
      return [`${where}: it is the last load that was seen visible before the present claim was written`];
    case 'settled':
      return [`${where}: its first record is settled (through ${through})`];
    case 'ahead':
      return [`${where}: its first record is not settled, and no claim is open for it`];
    default:
      return kind satisfies never;
  }
}

/** What a person does about a load that Doris reported otherwise than it was sent. */
function contradictedText(label: string, reason: string, records: string): readonly string[] {
  return [
    `  contradicted: ${reason}`,
    `  Compare the table with ${records}, load what is missing, delete what is doubled. Then they go on by`,
    `  resolve-label ${label} --stored`,
  ];
}

const REDRIVE_MEANING = {
  contradicted: 'it waits for a person',
  open: 'in doubt, the next redrive that meets one of its records asks Doris',
  stored: 'stored, and each record of it',
  void: 'surely not stored, its records are free for another redrive',
} as const satisfies Record<RedriveLoad['state'], string>;

function redriveText(label: string, { loader, stream, shard, state, reason, rows, begunAt }: RedriveWord): readonly string[] {
  return [
    `redrive: loader ${loader}, ${stream}, ${shard}: ${counted(rows, 'row')}, begun ${begunAt}: ${REDRIVE_MEANING[state]}`,
    ...(reason === null ? [] : contradictedText(label, reason, 'the letters that wait for it')),
  ];
}

function dorisText({ database, state, means, transaction }: DorisWord): readonly string[] {
  const { TransactionId: id, Reason: reason } = transaction ?? {};
  return [
    `Doris, database ${database}: ${state.toUpperCase()}: ${means}`,
    ...(id === undefined ? [] : [`  transaction ${id}${reason ? `: ${reason}` : ''}`]),
  ];
}
