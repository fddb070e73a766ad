import { type ListedCheckpoint, listLedger } from '../../lib/ledger/listing.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { asked, openDynamoDb } from '../aws.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { tableText } from '../table.ts';
import { isoTime } from '../words.ts';

/** `checkpoints list` */
export const registerCheckpoints: Register = (program, act) => {
  const group = program.command('checkpoints').description('how far each shard is settled into each table');
  group
    .command('list')
    .description('every checkpoint of the loader: watermark, claim and totals')
    .option('--all-loaders', 'those of other loaders in the same ledger table too')
    .addHelpText('after', examples('checkpoints list', 'checkpoints list --all-loaders --json'))
    .action(act(list));
};

async function list(session: Session, { allLoaders = false }: { readonly allLoaders?: boolean }): Promise<ExitCode> {
  const { LEDGER_TABLE, LABEL_PREFIX } = session.settings('LEDGER_TABLE', 'LABEL_PREFIX');
  const { checkpoints } = await asked(
    `ledger table ${LEDGER_TABLE}`,
    listLedger(openDynamoDb(), LEDGER_TABLE, allLoaders ? undefined : LABEL_PREFIX),
  );
  session.output.result({ checkpoints: checkpoints.map(described) }, () =>
    checkpoints.length === 0
      ? `no checkpoints of ${allLoaders ? 'any loader' : `loader ${LABEL_PREFIX}`} in ${LEDGER_TABLE}`
      : tableText(
          ['loader', 'stream', 'shard', 'table', 'settled through', 'claim', 'rows', 'loads', 'dead letters'],
          checkpoints.map(rowOf),
        ),
  );
  return EXIT.done;
}

function rowOf({ loader, source, target, checkpoint: { through, claim }, totals }: ListedCheckpoint) {
  const settled = through === undefined ? undefined : spellPosition(through);
  return [loader, source.streamName, source.shard, target, settled, claim?.state.kind, totals.rows, totals.loads, totals.deadLetters];
}

/** A checkpoint as scripts get it: positions as the source spells them, moments in ISO 8601. */
function described({ loader, source, target, checkpoint: { through, claim, witness }, totals, updatedAt }: ListedCheckpoint) {
  return {
    loader,
    stream: source.stream,
    shard: source.shard,
    target,
    through: through === undefined ? null : spellPosition(through),
    claim:
      claim === undefined
        ? null
        : {
            ...claim,
            first: spellPosition(claim.first),
            last: spellPosition(claim.last),
            deadline: isoTime(claim.deadline),
            claimedAt: isoTime(claim.claimedAt),
          },
    witness: witness ?? null,
    ...totals,
    updatedAt: isoTime(updatedAt),
  };
}
