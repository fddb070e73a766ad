import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import type { Cell } from '../convert/cell.ts';
import { type ColumnType, storageType } from '../table/types.ts';
import { quoteName } from './identifier.ts';

/** Rows that wait in a table of their own until they are published or discarded. */
export interface Stage {
  /** A query that gives the rows in order, with the columns of the table. */
  readonly rows: () => string;
  /**
   * @param cells - one a column; the array is used up.
   * @param odd - true when a cell may hold control characters.
   */
  append(cells: Cell[], odd: boolean): void;
  /** Hands the last rows over; nothing can be appended afterwards. */
  finish(): void;
  drop(): Promise<void>;
}

/** The columns of the table that the rows are for. */
export type StageColumns = readonly { readonly name: string; readonly type: ColumnType }[];

/**
 * Rows cross into DuckDB packed: one text for many rows, with control characters between rows and cells. Every text that crosses costs
 * about as much as parsing a hundred bytes of JSON, so single cells would cost more than everything else together.
 */
const CELL = '\x1f';
const ROW = '\x1e';
const NULL = '\x1d';
/** Stands before the letter for a control character that is data. */
const ESCAPE = '\x1c';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that packing gives a meaning to
const PACKING = /[\0\x1c-\x1f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const ALL_PACKING = /[\0\x1c-\x1f]/g;
const LETTERS: readonly (readonly [code: number, letter: string])[] = [
  [0, 'z'],
  [0x1d, 'n'],
  [0x1e, 'r'],
  [0x1f, 'c'],
  [0x1c, 'e'],
];
const LETTER_OF = new Map(LETTERS.map(([code, letter]) => [String.fromCharCode(code), ESCAPE + letter] as const));

const PACK_ROWS = 2048;
const PACK_CHARACTERS = 1_000_000;

let stages = 0;

/** Makes an empty staging table. It lives in memory, in the catalog that the store is not in. */
export async function openStage(connection: DuckDBConnection, columns: StageColumns): Promise<Stage> {
  const table = `staged_${++stages}`;
  const name = `memory.main.${table}`;
  await connection.run(`CREATE TABLE ${name} (packed VARCHAR)`);
  const appender = await connection.createAppender(table, 'main', 'memory');
  const packer = packInto(appender);
  let finished = false;
  return {
    rows: () => unpacked(name, columns, packer.escaped()),
    append: packer.append,
    finish: () => {
      if (finished) return;
      finished = true;
      packer.flush();
      appender.closeSync();
    },
    drop: async () => {
      await connection.run(`DROP TABLE IF EXISTS ${name}`);
      connection.closeSync();
    },
  };
}

function packInto(appender: DuckDBAppender) {
  let rows: string[] = [];
  let characters = 0;
  let escaped = false;
  const flush = () => {
    if (rows.length === 0) return;
    const chunk = DuckDBDataChunk.create([VARCHAR], 1);
    chunk.setColumnValues(0, [rows.join(ROW)]);
    appender.appendDataChunk(chunk);
    // Written now, pack by pack: all at once would hold up the process at the end of a large body.
    appender.flushSync();
    rows = [];
    characters = 0;
  };
  const append = (cells: Cell[], odd: boolean) => {
    if (odd && cells.some((cell) => cell !== null && PACKING.test(cell))) {
      escaped = true;
      escapeCells(cells);
    }
    for (let index = 0; index < cells.length; index++) cells[index] ??= NULL;
    const row = cells.join(CELL);
    characters += row.length;
    if (rows.push(row) >= PACK_ROWS || characters >= PACK_CHARACTERS) flush();
  };
  return { append, flush, escaped: () => escaped };
}

function escapeCells(cells: Cell[]): void {
  for (const [index, cell] of cells.entries()) {
    if (cell !== null) cells[index] = cell.replace(ALL_PACKING, (character) => LETTER_OF.get(character) ?? character);
  }
}

function unpacked(table: string, columns: StageColumns, escaped: boolean): string {
  const cells = columns.map(({ name, type }, index) => {
    const text = `nullif(cells[${index + 1}], chr(29))`;
    const meaning = escaped ? unescapedSql(text) : text;
    const storage = storageType(type);
    return `${storage === 'VARCHAR' ? meaning : `CAST(${meaning} AS ${storage})`} AS ${quoteName(name)}`;
  });
  return `(SELECT ${cells.join(', ')} FROM (SELECT string_split(line, chr(31)) AS cells FROM (SELECT unnest(string_split(packed, chr(30))) AS line FROM ${table})))`;
}

function unescapedSql(text: string): string {
  return LETTERS.reduce((sql, [code, letter]) => `replace(${sql}, chr(28) || '${letter}', chr(${code}))`, text);
}
