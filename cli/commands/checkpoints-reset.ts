import { systemClock } from '../../lib/clock.ts';
import type { Claim } from '../../lib/ledger/checkpoint.ts';
import type { ListedCheckpoint } from '../../lib/ledger/listing.ts';
import { resetCheckpoint } from '../../lib/ledger/reset.ts';
import { type Position, spellPosition } from '../../lib/source/position.ts';
import { asked, openDynamoDb, openKinesis } from '../aws.ts';
import { failed, wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { isSelected, placeOf, readLedger, type Selection, wantedBy } from '../ledger/select.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { knownTo, positionBefore, readPlace, type Wanted } from '../stream/place.ts';
import { tableText } from '../table.ts';

/** `checkpoints reset` */
export const registerReset: Register = (group, act) => {
  group
    .command('reset')
    .description('moves the watermark of one checkpoint by hand; says what that skips or loads twice, and asks')
    .requiredOption('--to <position or moment>', 'settled through this sequence number, or up to what arrived at this moment (ISO 8601)')
    .option('--stream <name or ARN>', 'of this stream')
    .option('--shard <id or number>', 'of this shard')
    .option('--table <database.table>', 'into this table')
    .option('--drop-claim', 'also when a load is in doubt; its rows may be lost or stored twice')
    .addHelpText(
      'after',
      `
Disable the event source mapping first. The mapping keeps a place in the stream of its own: a watermark that was moved back loads nothing by
itself, the records have to be delivered again.
${examples('checkpoints reset --shard 3 --table web.clicks --to 2026-03-01T12:00:00Z', 'checkpoints reset --shard 3 --to 49590338271490256608559692538361571095921575989136588898 --yes')}`,
    )
    .action(act(reset));
};

interface Options extends Selection {
  readonly to: string;
  readonly dropClaim?: boolean;
}

async function reset(session: Session, { to, dropClaim = false, ...selection }: Options): Promise<ExitCode> {
  const wanted = readPlace(to);
  const { LEDGER_TABLE } = session.settings('LEDGER_TABLE');
  const { checkpoints, of } = await readLedger(session, wantedBy(selection));
  const listed = theOnly(
    checkpoints.filter((candidate) => isSelected(placeOf(candidate), selection)),
    of,
  );
  const { claim, through: before } = listed.checkpoint;
  if (claim !== undefined && !dropClaim)
    throw failed(`nothing was changed: load ${claim.label} of ${claim.rows} rows is ${claim.state.kind}. ${resolving(claim)}`);
  const through = await positionOf(wanted, listed);
  if (wanted.kind === 'position' && through > (before ?? '')) await knownTo(openKinesis(), listed.source, through);
  await session.confirm(consequences(listed, through));
  const happened = await asked(`ledger table ${LEDGER_TABLE}`, resetCheckpoint(openDynamoDb(), LEDGER_TABLE, listed, through, systemClock));
  if (!happened) throw failed('nothing was changed: a loader wrote the checkpoint in the meantime. Disable its event source mapping first');
  const result = {
    ...nameOf(listed),
    before: before === undefined ? null : spellPosition(before),
    through: spellPosition(through),
    droppedClaim: claim?.label ?? null,
  };
  session.output.result(result, () => `settled through ${result.through} now`);
  return EXIT.done;
}

function theOnly(chosen: readonly ListedCheckpoint[], of: string): ListedCheckpoint {
  const [listed, ...others] = chosen;
  if (listed === undefined) throw failed(`no such checkpoint of ${of}; "checkpoints list" names all`);
  if (others.length === 0) return listed;
  const names = tableText(
    ['stream', 'shard', 'table'],
    chosen.map((one) => [one.source.streamName, one.source.shard, one.target]),
  );
  throw wrongInput(`one checkpoint at a time; --stream, --shard and --table choose among\n${names}`);
}

async function positionOf(wanted: Wanted, { source }: ListedCheckpoint): Promise<Position> {
  return wanted.kind === 'position' ? wanted.position : await positionBefore(openKinesis(), source.stream, source.shard, wanted.at);
}

function nameOf({ loader, source, target }: ListedCheckpoint) {
  return { loader, stream: source.stream, shard: source.shard, target };
}

/** What moving the watermark does to records, in whole sentences. */
function consequences(listed: ListedCheckpoint, through: Position): string {
  const { through: before, claim } = listed.checkpoint;
  const { loader, source, target } = listed;
  const sentences = [`${source.streamName} ${source.shard} into ${target}, loader ${loader}:`];
  if (before === undefined || through > before)
    sentences.push(
      `Records after ${before === undefined ? 'the beginning' : spellPosition(before)} up to ${spellPosition(through)} are SKIPPED: they count as settled and are neither loaded nor dead-lettered.`,
    );
  else if (through < before)
    sentences.push(
      `Records after ${spellPosition(through)} up to ${spellPosition(before)} count as not settled. When they are delivered again they are loaded AGAIN: the table has them twice, unless it keeps one row a key or Doris still knows the labels of the very same loads.`,
    );
  else sentences.push('The watermark stays where it is.');
  if (claim !== undefined)
    sentences.push(
      `The claim of load ${claim.label} (${claim.rows} rows, ${claim.state.kind}) is dropped: ${claim.last <= through ? 'if Doris does not have its rows, they are LOST' : dropping(claim)}.`,
    );
  return sentences.join('\n');
}

/** Who resolves a claim, if it is not to be dropped. */
function resolving({ state, label }: Claim): string {
  const dropped = 'or ask explain-label what Doris has of it and say --drop-claim';
  if (state.kind === 'contradicted') return `It waits for a person, and no delivery resolves it: see resolve-label ${label}`;
  if (state.kind === 'open')
    return `Let a delivery resolve it; where it waits for a person (unverifiable), see resolve-label ${label}; ${dropped}`;
  return `Let a delivery resolve it, ${dropped}`;
}

/** What becomes of records behind the watermark whose claim is dropped. Cut as before they get the same label. */
function dropping({ state }: Claim): string {
  return state.kind === 'contradicted'
    ? 'its records come again, and while Doris takes its label for stored, rows that the table lacks are LOST when they are cut alike; cut otherwise, those that it has are loaded TWICE. Say what the table has by resolve-label instead'
    : 'if Doris has its rows, they may be loaded TWICE';
}
