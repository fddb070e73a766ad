import type { IggyEntrance } from './iggy.ts';
import type { Result } from './report.ts';
import { DATABASE, STREAM, type Stack } from './stack.ts';

type Cell = string | number;

/** Columns aligned, numbers to the right. */
export function tableText(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row, line) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, typeof rows[Math.max(0, line - 1)]?.[column] === 'number'))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}

/** Figures of the run itself. */
export interface RunFigures {
  readonly seconds: number;
  readonly loads: number;
  readonly invocations: number;
  readonly redelivered: number;
  readonly letters: number;
}

/** The whole result as text. */
export function resultText({ tables, poison, deadLines, faults }: Result, run: RunFigures, damage: ReadonlyMap<string, number>): string {
  const loaded = tables.reduce((sum, table) => sum + table.loaded, 0);
  const parts = [
    tableText(
      ['table', 'sent', 'loaded', 'distinct', 'lost', 'duplicated', 'dead-lettered'],
      tables.map((table) => [table.name, table.sent, table.loaded, table.distinct, table.lost, table.duplicated, table.deadLettered]),
    ),
  ];
  for (const { name, mergesByKey } of tables)
    if (mergesByKey) parts.push(`${name}: Doris keeps one row a key in this table, so rows are compared by key; merged rows are not lost`);
  if (deadLines.length > 0) parts.push(deadLinesText(deadLines));
  if (poison.length > 0) {
    parts.push(
      tableText(
        ['poison record', 'sent', 'letters', 'class', 'reason'],
        poison.map(({ kind, expected, letters, errorClass, reason }) => [kind, expected, letters, errorClass, shortened(reason)]),
      ),
    );
  }
  if (damage.size > 0)
    parts.push(
      tableText(
        ['fault', 'times'],
        [...damage].map(([what, times]) => [what, times]),
      ),
    );
  parts.push(
    tableText(
      ['figure', 'value'],
      [
        ['rows/s, from the first record sent to the last row visible', Math.round(loaded / run.seconds)],
        ['loads in Doris', run.loads],
        ['rows a load', Math.round(loaded / Math.max(1, run.loads))],
        ['invocations of the function', run.invocations],
        ['of them deliveries of records that had been delivered before', run.redelivered],
        ['dead letters in the queue, duplicates counted', run.letters],
      ],
    ),
  );
  parts.push(
    faults.length === 0
      ? `PASSED: every row arrived once${poison.length > 0 ? ', every poison record is a dead letter with its reason' : ''}`
      : `FAILED:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  );
  return parts.join('\n\n');
}

const MOST_REASONS = 10;

function deadLinesText(all: Result['deadLines']): string {
  const text = tableText(
    ['lines that can never load', 'first', 'class', 'reason'],
    all.slice(0, MOST_REASONS).map(({ lines, first, errorClass, reason }) => [lines, first, errorClass, shortened(reason)]),
  );
  return all.length > MOST_REASONS ? `${text}\nand ${all.length - MOST_REASONS} reasons more` : text;
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** How other programs reach what is up; the table is one to begin with. @param iggy - when that way is open. */
export function endpointsText(
  { doris, env, deadLetterQueueUrl }: Pick<Stack, 'doris' | 'env' | 'deadLetterQueueUrl'>,
  table: string,
  iggy?: IggyEntrance,
): string {
  const exports = Object.entries(env).filter(([name]) => name.startsWith('AWS_'));
  const ask = (statement: string): string =>
    `curl -u ${doris.user}:${doris.password} -H 'Content-Type: application/json' -d '{"stmt":"${statement}"}' ${doris.feUrl}/api/query/internal/${DATABASE}`;
  return [
    'up until Ctrl-C. For any AWS SDK or the AWS CLI:',
    ...exports.map(([name, value]) => `export ${name}=${value}`),
    '',
    `stream ${STREAM}, dead letters ${deadLetterQueueUrl}`,
    ...(iggy === undefined ? [] : entranceLines(iggy)),
    `Doris: ${doris.feUrl}, user ${doris.user}, password ${doris.password}`,
    ask('SHOW TABLES'),
    ask(`SELECT COUNT(*) FROM \`${table}\``),
  ].join('\n');
}

/** What http_sink posts, anybody may: docs/iggy.md has the shapes. */
function entranceLines({ url, apiKey, queueUrl }: IggyEntrance): string[] {
  return [
    `Iggy: queue ${queueUrl}, and in front of it the endpoint for http_sink:`,
    `curl -H 'x-api-key: ${apiKey}' -H 'Content-Type: application/json' --data-binary @BODY.json ${url}`,
  ];
}
