import type { Deadline } from '../deadline.ts';
import { type Checkpoint, type CheckpointKey, type Claim, type HandedOver, type Ledger, type Move, moved } from '../ledger/checkpoint.ts';
import { membersOf, type Routing, routerOf, targetName } from '../plan/route.ts';
import type { Target } from '../ports.ts';
import type { DecodeRules } from '../source/kinesis.ts';
import { type Position, spellPosition } from '../source/position.ts';
import type { KinesisShard } from '../source/record.ts';
import type { RecordReader } from '../source/stream.ts';
import { type Ahead, lookAhead } from './shard-reading.ts';

/** What one table has in a batch that Lambda gave up. */
export interface Share {
  readonly loader: string;
  readonly source: KinesisShard;
  /** None where no table takes them. */
  readonly target: Target | undefined;
  /** Of the table's records, in order, at least one. */
  readonly positions: readonly Position[];
  /** Sequence number of the last record of the whole batch. */
  readonly last: string;
}

/** What taking over needs. */
export interface Taking {
  readonly streams: RecordReader;
  readonly checkpoints: Pick<Ledger, 'read' | 'move'>;
  readonly decode: DecodeRules;
  readonly routing: Routing;
  readonly deadline: Deadline;
  /** Only tells whether it could be. */
  readonly dryRun: boolean;
}

/** Spans that a checkpoint keeps: its item is written with every load, and that costs by its size. Neighbours are one span. */
const MOST_SPANS = 4;

/**
 * Takes over what the loader has not settled of a batch that Lambda gave up, before any of it is loaded: one write moves the watermark
 * behind it and notes that these records are redrive's.
 *
 *     ledger:  watermark, note ──► open load ──► bind each record ──────────────► load stored
 *     Doris:                                                        PUT (label)
 *
 * Whatever mapping brings the records again finds them settled, and a redrive after a kill finds the note. The watermark passes no other
 * record of the table; where there is one before, nothing may be loaded yet.
 * @returns the checkpoint as it is then, or why nothing may be loaded. @throws {StreamUnavailable} @throws {LedgerUnavailable}
 */
export async function takeOver(taking: Taking, share: Share): Promise<Checkpoint | string> {
  const key = { loader: share.loader, source: share.source, target: targetName(share.target) };
  const checkpoint = await taking.checkpoints.read(key);
  const { through, claim } = checkpoint;
  const open = share.positions.filter((position) => through === undefined || position > through);
  if (open.length === 0) return checkpoint;
  const ahead = await aheadOf(taking, share, through);
  // What the stream has dropped no mapping brings again.
  if (ahead.kind === 'gone') return checkpoint;
  if (claim !== undefined)
    return `load ${claim.label} of the loader into ${key.target} is ${claim.state.kind}: redrive it when that is settled. ${settlingOf(claim)}`;
  if (ahead.kind === 'open')
    return `record ${spellPosition(ahead.position)} before it is not settled into ${key.target} either: redrive its batch first, have a mapping deliver it, or skip it by "checkpoints reset"`;
  return taking.dryRun ? checkpoint : await moveBehind(taking, share, key, checkpoint, open);
}

function settlingOf({ state }: Claim): string {
  if (state.kind === 'contradicted')
    return `A person settles it: look which of its rows the table has, then see resolve-label: ${state.reason}`;
  return 'Only a delivery settles it: where no mapping brings its records, have one begin before them, or "checkpoints reset --drop-claim" once you know what Doris has of it';
}

async function aheadOf({ streams, decode, routing, deadline }: Taking, share: Share, after: Position | undefined): Promise<Ahead> {
  const { source, target, positions, last } = share;
  const own = new Set(positions);
  // A table that has few records may have its last one far back, and other batches need time, too.
  const half = deadline.remaining() / 2;
  const stretch = { source, after, last, decode, hasTime: () => deadline.remaining() >= half };
  const route = routerOf(routing, source);
  return await lookAhead(streams, stretch, (one) => !own.has(one.record.position) && targetName(route(one)) === targetName(target));
}

async function moveBehind(
  { checkpoints, routing }: Taking,
  { source, target, positions }: Share,
  key: CheckpointKey,
  checkpoint: Checkpoint,
  [before]: readonly Position[],
): Promise<Checkpoint | string> {
  const through = positions.at(-1);
  if (before === undefined || through === undefined) return checkpoint;
  const move: Move = {
    expect: { kind: 'vacant', before },
    through,
    routes: membersOf(routing, source, target),
    handed: withSpan(checkpoint, through),
  };
  const result = await checkpoints.move(key, move);
  if (result.kind === 'moved') return moved(checkpoint, move);
  // Another redrive may have been first, or this one's reply was lost.
  const { current } = result;
  return current.through !== undefined && current.through >= through
    ? current
    : `the loader has records of it for ${key.target} in hand just now`;
}

function withSpan({ through: after, handed = [] }: Checkpoint, through: Position): readonly HandedOver[] {
  const last = handed.at(-1);
  if (last !== undefined && last.through === after) return [...handed.slice(0, -1), { ...last, through }];
  return [...handed, { ...(after === undefined ? {} : { after }), through }].slice(-MOST_SPANS);
}

/** Whether a record was taken over: then no loader ever stored it. */
export function isTakenOver({ handed = [] }: Checkpoint, position: Position): boolean {
  return handed.some(({ after, through }) => (after === undefined || position > after) && position <= through);
}
