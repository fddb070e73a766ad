import type { Command } from 'commander';
import { WHERE_FIELDS } from '../../lib/redrive/where.ts';
import { discard, redrive } from '../dead-letters/change.ts';
import { gathered } from '../dead-letters/letters.ts';
import { exportLetters, list, show, summary } from '../dead-letters/look.ts';
import { positiveNumber, wholeNumber } from '../option-values.ts';
import { type Act, examples, type Register } from '../register.ts';

const WHERE = `only letters with <field><operator><value>, may be repeated, all must hold; fields: ${WHERE_FIELDS.join(' ')}; operators: = != ~ (contains) !~ < <= > >=`;

/** `dead-letters list | summary | show | export | redrive | discard` */
export const registerDeadLetters: Register = (group, act) => {
  registerLooks(group, act);
  registerRedrive(group, act);
  withWhere(group.command('discard').description('deletes letters for good'))
    .option('--all', 'every letter')
    .addHelpText(
      'after',
      examples("dead-letters discard --where 'errorClass=decode' --where 'failedAt<2026-11-01'", 'dead-letters discard --all --yes'),
    )
    .action(act(discard));
};

function withWhere(command: Command): Command {
  return command.option('--where <condition>', WHERE, gathered);
}

function registerLooks(group: Command, act: Act): void {
  withWhere(group.command('list').description('every letter, one a line'))
    .addHelpText('after', examples('dead-letters list', "dead-letters list --where 'table=orders' --json"))
    .action(act(list));
  withWhere(group.command('summary').description('how many letters there are by reason, table and shard'))
    .addHelpText('after', examples('dead-letters summary', "dead-letters summary --where 'failedAt>=2026-11-21'"))
    .action(act(summary));
  withWhere(group.command('show').description('letters with all that is known, and their payload').argument('<position or message id>'))
    .addHelpText('after', examples('dead-letters show 49590338271490256608559692538361571095921575989136588898'))
    .action(act(show));
  withWhere(group.command('export').description('writes letters as NDJSON with everything that the queue has; they stay in the queue'))
    .option('--to <file>', 'a new file, or - for standard output')
    .addHelpText(
      'after',
      examples('dead-letters export --to letters.ndjson', "dead-letters export --to - --where 'errorClass=decode' | wc -l"),
    )
    .action(act(exportLetters));
}

function registerRedrive(group: Command, act: Act): void {
  withWhere(
    group.command('redrive').description('loads letters into their tables, each record once, and takes those off the queue that Doris has'),
  )
    .option('--dry-run', 'asks the tables which records they would take; nothing is stored, nothing leaves the queue')
    .option('--edit <expression>', 'JavaScript that gives the new payload; sees it as `row` (JSON) and `text`')
    .option('--rate <letters>', 'letters a second, at most', positiveNumber)
    .option('--limit <letters>', 'letters, at most, rounded up to tens', wholeNumber(1, 1_000_000_000))
    .option(
      '--hold <seconds>',
      'how long letters in hand are hidden from other readers, also when this process is killed (default 300)',
      wholeNumber(1, 43_200),
    )
    .option('--from <place>', 'another queue, or s3://bucket/prefix: where Lambda reports batches that it gave up')
    .option(
      '--reload-unverifiable',
      'loads records too that may be in their table already, when nothing can tell: they may be there twice then',
    )
    .addHelpText(
      'after',
      examples(
        'dead-letters redrive --dry-run',
        "dead-letters redrive --where 'errorClass=data-quality' --where 'table=orders' --yes",
        `dead-letters redrive --edit '({ ...row, amount: Number(row.amount) || null })' --rate 500`,
        'dead-letters redrive --from s3://overflow/aws/lambda/',
      ),
    )
    .action(act(redrive));
}
