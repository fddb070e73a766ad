import { systemClock } from '../../lib/clock.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { type Edit, parseEdit } from '../../lib/redrive/edit.ts';
import { readOptions } from '../../lib/redrive/options.ts';
import type { Left, RunReport } from '../../lib/redrive/report.ts';
import { redriveQueue } from '../../lib/redrive/run.ts';
import { wireRun } from '../../lib/redrive/wire.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { hours, seconds } from '../../lib/units.ts';
import { CALLS } from '../aws.ts';
import { wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { Session } from '../session.ts';
import { tableText } from '../table.ts';
import { counted } from '../words.ts';
import { type Choice, conditionsOf, type Looked, lookedAt, meaning, openQueue } from './letters.ts';

/** Options of `dead-letters redrive`. */
export interface RedriveOptions extends Choice {
  readonly dryRun?: boolean;
  readonly edit?: string;
  readonly rate?: number;
  readonly limit?: number;
  readonly hold?: number;
  readonly from?: string;
  readonly reloadUnverifiable?: boolean;
}

/** A redrive is over when the queue is empty; this bounds the time of its waits. */
const LONGEST_RUN = hours(24);

/** `dead-letters redrive` */
export async function redrive(session: Session, options: RedriveOptions): Promise<ExitCode> {
  const { where = [], dryRun = false, edit, rate, limit, from, hold = 300, reloadUnverifiable = false } = options;
  const wanted = readOptions({ where: [...where], dryRun, rate, limit, from, unverifiable: reloadUnverifiable ? 'load' : 'keep' });
  const editing = edit === undefined ? {} : { edit: editOf(edit) };
  const config = session.loaderConfig();
  if (!dryRun) await session.confirm(consequences(options, config.deadLetters.queueUrl));
  const isStopped = session.interruption();
  const run = wireRun(config, CALLS, {
    ...wanted,
    ...editing,
    deadline: deadlineIn(LONGEST_RUN, systemClock),
    hold: seconds(hold),
    telemetry: { record: (event) => noteLost(session, event) },
    onProgress: (report) => session.output.progress(counts(report, dryRun)),
    isStopped,
  });
  try {
    const report = await redriveQueue(run);
    session.output.result(report, () => textOf(report, dryRun));
    if (isStopped()) return EXIT.interrupted;
    return report.left.length === 0 ? EXIT.done : EXIT.amiss;
  } finally {
    await run.close();
  }
}

/** The rest of what a redrive records is in its report. */
function noteLost({ output }: Session, event: LoaderEvent): void {
  if (event.kind !== 'claim-lost') return;
  output.note(
    `load ${event.label} into ${event.target} (${event.rows} rows, ${event.first} to ${event.last}): another redrive took it for void while Doris took it: look whether its rows are there twice`,
  );
}

function editOf(expression: string): Edit {
  try {
    return parseEdit(expression);
  } catch (error) {
    throw wrongInput(`--edit: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function consequences({ where = [], edit, from, reloadUnverifiable }: RedriveOptions, queueUrl: string): string {
  return [
    `Letters of ${from ?? queueUrl}${meaning({ where })} are loaded into their tables${edit === undefined ? '' : ', each changed by the expression'}. Those that Doris has then leave the queue for good.`,
    ...(reloadUnverifiable
      ? ['Records that may be in their table already are loaded too: they may be there twice then, and nothing can tell.']
      : []),
  ].join('\n');
}

function counts({ read, passed, loaded, left }: RunReport, dryRun: boolean): string {
  return `${counted(read - passed, 'letter')}: ${loaded} ${dryRun ? 'would be loaded' : 'loaded'}, ${left.length} stay`;
}

const MOST_SHOWN = 20;

function textOf(report: RunReport, dryRun: boolean): string {
  const { left, passed, before, more } = report;
  const lines = [
    counts(report, dryRun),
    ...(before > 0 ? [`${before} of the loaded were in Doris already`] : []),
    ...(passed > 0 ? [`${counted(passed, 'other')} ${passed === 1 ? 'was' : 'were'} not asked for`] : []),
    ...(more ? ['there may be more letters: it ended before the queue did'] : []),
  ];
  if (left.length > 0) {
    lines.push('', tableText(['stays', 'table', 'position', 'why'], left.slice(0, MOST_SHOWN).map(rowOf)));
    if (left.length > MOST_SHOWN) lines.push(`and ${left.length - MOST_SHOWN} more; --json shows all`);
  }
  return lines.join('\n');
}

function rowOf({ fate, target, position, reason }: Left) {
  return [fate, target, position, reason.replace(/\s+/g, ' ').slice(0, 160)];
}

/** `dead-letters discard` */
export async function discard(session: Session, options: Choice & { readonly all?: boolean }): Promise<ExitCode> {
  if ((options.where === undefined) === (options.all !== true))
    throw wrongInput('say which letters: --where <condition>, or --all for every one of them');
  const queue = openQueue(session, seconds(300));
  const meant: Looked[] = [];
  try {
    for await (const page of lookedAt(session, queue, conditionsOf(options))) meant.push(...page);
    if (meant.length > 0)
      await session.confirm(
        `${counted(meant.length, 'letter')}${meaning(options)} ${meant.length === 1 ? 'is' : 'are'} deleted for good. Their records are in no table; "dead-letters export" keeps a copy.`,
      );
    const stuck = await queue.remove(meant.map(({ message }) => message));
    const discarded = meant.length - stuck.length;
    session.output.result({ discarded, stuck: stuck.map(({ messageId }) => messageId) }, () => `${counted(discarded, 'letter')} discarded`);
    return stuck.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await queue.release();
  }
}
