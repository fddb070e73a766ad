import {
  BIGINT,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  FLOAT,
  HUGEINT,
  INTEGER,
  SMALLINT,
  TIMESTAMP,
  TINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { Cell } from '../convert/cell.ts';
import { type ColumnType, storageType } from '../table/types.ts';
import { quoteName } from './identifier.ts';

/** Rows that wait in a table of their own until they are published or discarded. */
export interface Stage {
  /** The staging table, ready to stand in a FROM. */
  readonly table: string;
  append(cells: readonly Cell[]): void;
  /** Hands the last rows over; nothing can be appended afterwards. */
  finish(): void;
  drop(): Promise<void>;
}

/** As many rows as DuckDB takes in one vector. */
const CHUNK_ROWS = 2048;

let stages = 0;

/** Makes an empty staging table with these columns. It lives in memory, in the catalog that the store is not in. */
export async function openStage(
  connection: DuckDBConnection,
  columns: readonly { readonly name: string; readonly type: ColumnType }[],
): Promise<Stage> {
  const name = `staged_${++stages}`;
  const declared = columns.map((column) => `${quoteName(column.name)} ${storageType(column.type)}`).join(', ');
  await connection.run(`CREATE TABLE memory.main.${name} (${declared})`);
  const appender = await connection.createAppender(name, 'main', 'memory');
  const rows = chunkedRows(
    appender,
    columns.map(({ type }) => duckType(type)),
  );
  const finish = () => {
    rows.flush();
    appender.closeSync();
  };
  return {
    table: `memory.main.${name}`,
    append: rows.append,
    finish: once(finish),
    drop: async () => {
      await connection.run(`DROP TABLE IF EXISTS memory.main.${name}`);
    },
  };
}

/** Collects cells column by column: DuckDB takes whole vectors several times faster than single values. */
function chunkedRows(appender: DuckDBAppender, types: readonly DuckDBType[]) {
  const columns: Cell[][] = types.map(() => []);
  let rows = 0;
  const flush = () => {
    if (rows === 0) return;
    const chunk = DuckDBDataChunk.create(types, rows);
    for (const [index, values] of columns.entries()) {
      chunk.setColumnValues(index, values);
      values.length = 0;
    }
    appender.appendDataChunk(chunk);
    rows = 0;
  };
  const append = (cells: readonly Cell[]) => {
    for (let index = 0; index < columns.length; index++) columns[index]?.push(cells[index] ?? null);
    if (++rows === CHUNK_ROWS) flush();
  };
  return { append, flush };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

const INTEGER_TYPES = { TINYINT, SMALLINT, INT: INTEGER, BIGINT, LARGEINT: HUGEINT } as const;

function duckType(type: ColumnType): DuckDBType {
  switch (type.kind) {
    case 'boolean':
      return BOOLEAN;
    case 'integer':
      return INTEGER_TYPES[type.name];
    case 'float':
      return type.name === 'FLOAT' ? FLOAT : DOUBLE;
    case 'decimal':
      return DECIMAL(type.precision, type.scale);
    case 'date':
      return DATE;
    case 'datetime':
      return TIMESTAMP;
    case 'text':
    case 'json':
    case 'nested':
    case 'state':
      return VARCHAR;
    default:
      return type satisfies never;
  }
}
