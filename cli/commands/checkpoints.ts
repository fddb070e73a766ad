import type { Command } from 'commander';
import type { ListedCheckpoint } from '../../lib/ledger/listing.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { failed } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { describeCheckpoint } from '../ledger/describe.ts';
import { isSelected, readLedger, type Selection } from '../ledger/select.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
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

async function list(session: Session, selection: Selection): Promise<ExitCode> {
  const { checkpoints, of } = await readLedger(session, selection.allLoaders ?? false);
  const chosen = checkpoints.filter((listed) => isSelected(listed, selection));
  session.output.result({ checkpoints: chosen.map(describeCheckpoint) }, () =>
    chosen.length === 0 ? `no such checkpoints of ${of}` : tableText(HEAD, chosen.map(rowOf)),
  );
  return EXIT.done;
}

const HEAD = ['loader', 'stream', 'shard', 'table', 'settled through', 'claim', 'rows', 'loads', 'dead letters'];

function rowOf({ loader, source, target, checkpoint: { through, claim }, totals }: ListedCheckpoint) {
  const settled = through === undefined ? undefined : spellPosition(through);
  return [loader, source.streamName, source.shard, target, settled, claim?.state.kind, totals.rows, totals.loads, totals.deadLetters];
}

async function show(session: Session, selection: Selection): Promise<ExitCode> {
  const { checkpoints, of } = await readLedger(session, selection.allLoaders ?? false);
  const chosen = checkpoints.filter((listed) => isSelected(listed, selection)).map(describeCheckpoint);
  if (chosen.length === 0) throw failed(`no such checkpoint of ${of}; "checkpoints list" names all`);
  session.output.result({ checkpoints: chosen }, () => chosen.map(textOf).join('\n\n'));
  return EXIT.done;
}

function textOf({ claim, ...checkpoint }: ReturnType<typeof describeCheckpoint>): string {
  const lines = Object.entries(checkpoint).map(([name, value]) => [name, String(value ?? '-')]);
  const claimed = Object.entries(claim ?? {}).map(([name, value]) => [
    `claim.${name}`,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return tableText(['', ''], [...lines, ...(claim === null ? [['claim', 'none']] : claimed)]).trim();
}
