import type { Command } from 'commander';
import type { ListedCheckpoint } from '../../lib/ledger/listing.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { failed } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { describeCheckpoint } from '../ledger/describe.ts';
import { isSelected, placeOf, readLedger, type Selection, wantedBy } from '../ledger/select.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { type PartitionLine, partitionLines, partitionTable } from '../status/partitions.ts';
import { tableText } from '../table.ts';
import { registerReset } from './checkpoints-reset.ts';

/** `checkpoints list`, `checkpoints show` and `checkpoints reset` */
export const registerCheckpoints: Register = (group, act) => {
  selecting(group.command('list'))
    .description('every checkpoint of the loader: watermark, claim and totals')
    .addHelpText('after', examples('checkpoints list', 'checkpoints list --all-loaders --json'))
    .action(act(list));
  selecting(group.command('show'))
    .description('everything that the ledger holds of a checkpoint')
    .addHelpText('after', examples('checkpoints show --stream orders --shard 3', 'checkpoints show --table web.clicks --json'))
    .action(act(show));
  registerReset(group, act);
};

function selecting(command: Command): Command {
  return command
    .option('--stream <name or ARN>', 'of this stream only')
    .option('--shard <id or number>', 'of this shard only')
    .option('--table <database.table>', 'into this table only')
    .option('--all-loaders', 'those of other loaders in the same ledger table too');
}

interface Chosen {
  readonly checkpoints: readonly ListedCheckpoint[];
  /** Of Iggy: no watermark tells how far they are. */
  readonly partitions: readonly PartitionLine[];
  readonly of: string;
}

async function choose(session: Session, selection: Selection): Promise<Chosen> {
  const isIggy = selection.stream?.includes('/') === true && !selection.stream.startsWith('arn:');
  const { stream, ...others } = selection;
  const { checkpoints, groups, outages, of } = await readLedger(session, wantedBy(isIggy ? others : selection));
  return {
    checkpoints: checkpoints.filter((listed) => isSelected(placeOf(listed), selection)),
    partitions: partitionLines(groups, outages, Date.now()).filter((line) => isSelected({ ...line, shard: line.partition }, selection)),
    of,
  };
}

async function list(session: Session, selection: Selection): Promise<ExitCode> {
  const { checkpoints, partitions, of } = await choose(session, selection);
  session.output.result({ checkpoints: checkpoints.map(describeCheckpoint), partitions }, () =>
    checkpoints.length + partitions.length === 0
      ? `no such checkpoints of ${of}`
      : [
          ...(checkpoints.length === 0 ? [] : [tableText(HEAD, checkpoints.map(rowOf))]),
          ...(partitions.length === 0 ? [] : [partitionTable(partitions)]),
        ].join('\n\n'),
  );
  return EXIT.done;
}

const HEAD = ['loader', 'stream', 'shard', 'table', 'settled through', 'claim', 'rows', 'loads', 'dead letters'];

function rowOf({ loader, source, target, checkpoint: { through, claim }, totals }: ListedCheckpoint) {
  const settled = through === undefined ? undefined : spellPosition(through);
  return [loader, source.streamName, source.shard, target, settled, claim?.state.kind, totals.rows, totals.loads, totals.deadLetters];
}

async function show(session: Session, selection: Selection): Promise<ExitCode> {
  const { checkpoints, partitions, of } = await choose(session, selection);
  if (checkpoints.length + partitions.length === 0) throw failed(`no such checkpoint of ${of}; "checkpoints list" names all`);
  const described = checkpoints.map(describeCheckpoint);
  session.output.result({ checkpoints: described, partitions }, () =>
    [...described.map(textOf), ...partitions.map((partition) => tableText(['', ''], cellsOf(partition)).trim())].join('\n\n'),
  );
  return EXIT.done;
}

function textOf({ claim, ...checkpoint }: ReturnType<typeof describeCheckpoint>): string {
  const claimed = cellsOf(claim ?? {}).map(([name, value]) => [`claim.${name}`, value]);
  return tableText(['', ''], [...cellsOf(checkpoint), ...(claim === null ? [['claim', 'none']] : claimed)]).trim();
}

function cellsOf(described: object): readonly (readonly [string, string])[] {
  return Object.entries(described).map(([name, value]) => [
    name,
    typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '-'),
  ]);
}
