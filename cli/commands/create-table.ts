import { createTableText } from '../design/ddl.ts';
import { observe } from '../design/observe.ts';
import { type Design, designTable, type Wishes } from '../design/table.ts';
import { wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { wholeNumber } from '../option-values.ts';
import { examples, type Register } from '../register.ts';
import { readSample } from '../sample.ts';
import type { Session } from '../session.ts';

/** `create-table` */
export const registerCreateTable: Register = (command, act) => {
  command
    .requiredOption('--from <file>', 'sample, one JSON object a line; the more rows, the better the guess')
    .option('--table <name>', 'table, or database.table (default: DORIS_TABLE)')
    .option('--key <fields>', 'key, comma-separated in order (default: guessed)', (text: string) =>
      text.split(',').map((name) => name.trim()),
    )
    .option('--unique', 'UNIQUE KEY: one row a key, the last one')
    .option('--replicas <count>', "copies of the data (default: the cluster's own)", wholeNumber(1, 32_767))
    .addHelpText(
      'after',
      examples(
        'create-table --from rows.ndjson --table web.clicks',
        'create-table --from orders.ndjson --table orders --unique --key order_id | mysql -h fe -P 9030 -u root shop',
      ),
    )
    .action(act(createTable));
};

interface Options {
  readonly from: string;
  readonly table?: string;
  readonly key?: readonly string[];
  readonly unique?: boolean;
  readonly replicas?: number;
}

async function createTable(session: Session, { from, table: named, key, unique = false, replicas }: Options): Promise<ExitCode> {
  const { DORIS_TABLE, DORIS_POSITION_COLUMNS: positionColumns = {} } = session.settings('DORIS_TABLE', 'DORIS_POSITION_COLUMNS');
  const table = named ?? DORIS_TABLE;
  if (table === undefined) throw wrongInput('name a --table, or set DORIS_TABLE');
  if (unique && key === undefined)
    throw wrongInput('--unique goes with --key: rows of equal keys replace each other, so only you can say which fields name a thing');
  const rows = readSample(from);
  const design = designed(rows, { unique, positionColumns, ...(key === undefined ? {} : { key }) });
  const ddl = createTableText(table, design, replicas, false);
  session.output.result({ table, ddl, rows: rows.length, ...design }, () =>
    [...design.reasons.map((reason) => `-- ${reason}`), `${createTableText(table, design, replicas, true)};`].join('\n'),
  );
  return EXIT.done;
}

function designed(rows: ReturnType<typeof readSample>, wishes: Wishes): Design {
  try {
    return designTable(observe(rows), wishes);
  } catch (error) {
    if (error instanceof RangeError) throw wrongInput(error.message, { cause: error });
    throw error;
  }
}
