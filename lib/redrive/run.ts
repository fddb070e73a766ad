import type { DeadLetters } from '../dead-letter/letter.ts';
import { type PayloadSources, payloadOf } from '../dead-letter/payload.ts';
import { type ReadMessage, readMessage } from '../dead-letter/read.ts';
import { grouped } from '../grouped.ts';
import { inLanes } from '../in-lanes.ts';
import { kinesisPosition, spellPosition } from '../source/position.ts';
import { mebibytes, millis, seconds } from '../units.ts';
import { buryRefused, type ExpiredSources, prepareExpired } from './expired.ts';
import { LANES } from './lanes.ts';
import { type Fate, kept, type Ready, type Redrive } from './letters.ts';
import { type Prepared, type PrepareRules, prepareLetter } from './prepare.ts';
import type { HeldMessage, LetterQueue } from './queue.ts';
import { redriveRecords } from './redrive.ts';
import { added, type Left, NOTHING, type RunReport } from './report.ts';
import type { Condition } from './where.ts';
import { settledWithoutTable } from './without-table.ts';

/** What one run over the queue does. */
export interface RunOptions {
  /** Letters that every condition fits. */
  readonly where: readonly Condition[];
  /** Tells what would happen, and loads and removes nothing. */
  readonly dryRun: boolean;
  /** Letters a second, at most. */
  readonly rate?: number;
  /** Letters, at most. */
  readonly limit?: number;
}

/** Everything that a run needs. */
export interface Run {
  readonly redrive: Redrive;
  readonly queue: LetterQueue;
  readonly sources: PayloadSources & ExpiredSources;
  readonly prepare: PrepareRules;
  readonly options: RunOptions;
  /** Tells which rows their tables take, and stores none. */
  readonly tryRecords: (records: readonly Ready[]) => Promise<ReadonlyMap<Ready, Fate>>;
  /** Where records of a batch that Lambda gave up go when they can never load. */
  readonly deadLetters: DeadLetters;
  readonly onProgress?: (report: RunReport) => void;
  /** Asked before each round: whether it shall be the end. */
  readonly isStopped?: () => boolean;
}

/** Messages of one round: they and their rows are in memory together. */
const ROUND = 500;
const ROUND_BYTES = mebibytes(16);
/** A round is not begun with less time left. */
const SHORTEST_ROUND = seconds(5);

/**
 * Redrives a queue: takes letters, loads them, and removes those that Doris has. Whatever it does not load stays.
 * @throws {LedgerUnavailable} @throws {DeadLettersUnavailable} @throws {ContractViolation} what was loaded until then stays loaded, once.
 */
export async function redriveQueue(run: Run): Promise<RunReport> {
  const { queue, options, redrive } = run;
  let report = NOTHING;
  const { limit = Number.POSITIVE_INFINITY } = options;
  try {
    for (;;) {
      const meant = report.read - report.passed;
      const isOver = meant >= limit || redrive.deadline.remaining() < SHORTEST_ROUND || run.isStopped?.();
      if (isOver) return { ...report, more: true };
      const messages = await queue.take(Math.max(10, Math.min(ROUND, limit - meant, options.rate ?? ROUND)), ROUND_BYTES);
      if (messages.length === 0) return report;
      const started = redrive.ports.clock.elapsed();
      const round = await redriveRound(run, messages);
      report = added(report, round);
      run.onProgress?.(report);
      await slowDown(run, round.read - round.passed, millis(redrive.ports.clock.elapsed() - started));
    }
  } finally {
    await queue.release();
  }
}

async function slowDown({ redrive: { ports }, options: { rate } }: Run, letters: number, took: number): Promise<void> {
  if (rate !== undefined) await ports.clock.sleep(millis(Math.max(0, (letters / rate) * 1000 - took)));
}

/** A message that is meant, and the records that it stands for: one, or those of a batch that Lambda gave up. */
interface Meant {
  readonly message: HeldMessage;
  readonly read: ReadMessage;
  readonly prepared: readonly Prepared[];
}

async function redriveRound(run: Run, messages: readonly HeldMessage[]): Promise<RunReport> {
  const all = messages.map((message) => ({ message, read: readMessage(message) }));
  const { where } = run.options;
  // Conditions are about letters: where there are some, nothing else is meant.
  const chosen = all.filter(({ read }) => (read.kind === 'letter' ? where.every((holds) => holds(read)) : where.length === 0));
  let report: RunReport = { ...NOTHING, read: messages.length, passed: messages.length - chosen.length };
  // A batch that Lambda gave up may be as large as all letters of a round.
  for (const group of grouped(inTurn(chosen), ({ message, read }) => (read.kind === 'expired' ? message.messageId : ''))) {
    report = added(report, await redriveGroup(run, group));
  }
  return report;
}

/** Batches that Lambda gave up in the order of their shard, in which alone the watermark moves; a queue keeps none. */
function inTurn<T extends Omit<Meant, 'prepared'>>(chosen: readonly T[]): readonly T[] {
  const placeOf = ({ read }: T): string => (read.kind === 'expired' ? `${read.stream} ${read.shard} ${kinesisPosition(read.first)}` : '');
  return chosen.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : Number(placeOf(a) > placeOf(b))));
}

async function redriveGroup(run: Run, group: readonly Omit<Meant, 'prepared'>[]): Promise<RunReport> {
  const { dryRun } = run.options;
  const meant = await inLanes(
    group,
    LANES,
    async ({ message, read }): Promise<Meant> => ({ message, read, prepared: await prepared(run, read) }),
  );
  const ready = meant.flatMap(({ prepared: records }) => records.flatMap((one) => (one.kind === 'ready' ? [one.ready] : [])));
  const fates = dryRun ? await run.tryRecords(ready) : await redriveRecords(run.redrive, ready);
  const ends = await inLanes(meant, LANES, async (one) => ({ ...one, fate: await endOf(run, one, fates) }));
  const done = ends.flatMap((end) => (end.fate.kind === 'loaded' ? [end.message] : []));
  const stuck = dryRun ? done : await run.queue.remove(done);
  return {
    ...NOTHING,
    loaded: done.length,
    before: ends.filter(({ fate }) => fate.kind === 'loaded' && fate.before).length,
    removed: done.length - stuck.length,
    left: ends.flatMap(leftOf),
  };
}

/** A message goes when every record of it is in Doris; of a batch that Lambda gave up, those that can never load become letters of their own. */
async function endOf(
  { options, deadLetters, redrive }: Run,
  { read, prepared: records }: Meant,
  fates: ReadonlyMap<Ready, Fate>,
): Promise<Fate> {
  const told = records.map((one) => ({
    one,
    fate: one.kind === 'ready' ? (fates.get(one.ready) ?? kept('nothing was told of it')) : one.fate,
  }));
  const waits = told.find(({ fate: { kind } }) => kind === 'kept' || kind === 'unverifiable');
  if (waits !== undefined) return waits.fate;
  const all = read.kind === 'expired' && !options.dryRun ? await buryRefused(told, deadLetters, redrive.ports.clock) : told;
  return (
    all.map(({ fate }) => fate).find(({ kind }) => kind !== 'loaded') ?? {
      kind: 'loaded',
      before: all.every(({ fate }) => fate.kind === 'loaded' && fate.before),
    }
  );
}

async function prepared(run: Run, read: ReadMessage): Promise<readonly Prepared[]> {
  const { sources, prepare } = run;
  switch (read.kind) {
    case 'foreign':
      return [{ kind: 'not ready', fate: kept(read.reason) }];
    case 'expired':
      return await prepareExpired(read, run);
    case 'letter': {
      const payload = await payloadOf(read, sources);
      if (payload.kind === 'missing') return [{ kind: 'not ready', fate: kept(payload.reason) }];
      return [await settledWithoutTable(read, prepareLetter(read, payload.bytes, prepare), run)];
    }
    default:
      return read satisfies never;
  }
}

function leftOf({ message: { messageId }, read, fate }: Meant & { readonly fate: Fate }): Left[] {
  if (fate.kind === 'loaded') return [];
  const { kind, reason } = fate;
  if (read.kind === 'foreign') return [{ messageId, fate: 'foreign', reason }];
  if (read.kind === 'expired') return [{ messageId, fate: kind, reason, shard: read.shard, position: `${read.first}-${read.last}` }];
  return [
    {
      messageId,
      fate: kind,
      reason,
      target: read.target,
      shard: `${read.source.stream} ${read.source.shard}`,
      position: spellPosition(read.position),
    },
  ];
}
