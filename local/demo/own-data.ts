import { type FileHandle, open, readFile } from 'node:fs/promises';
import { readCreateTable } from '../doris/engine/sql/create-table.ts';
import { cursorOf } from '../doris/engine/sql/cursor.ts';
import type { TableDefinition } from '../doris/engine/table/definition.ts';
import { SqlError, sqlReason } from '../doris/engine.ts';
import { InputError } from '../input-error.ts';
import type { DataSet, OutgoingRecord } from './data-set.ts';
import { DATABASE } from './stack.ts';

/** PutRecords takes no larger record, partition key included. */
const MOST_RECORD_BYTES = 1024 * 1024;

/**
 * People's own file and table, looked through before anything is started.
 * @throws {InputError} when a file cannot be read, has no lines, a line that is too long, or no statement that makes a table.
 */
export async function ownData(input: string, createTable: string, limit: number): Promise<DataSet> {
  const sql = await readFile(createTable, 'utf8').catch((error: unknown) => unreadable('--create-table', createTable, error));
  const definition = tableOf(createTable, sql);
  await checkLines(input, limit);
  return {
    name: input,
    table: definition.name.table,
    createTable: sql,
    definition,
    records: () => linesOf(input, limit),
    checks: async () => [],
  };
}

function tableOf(path: string, sql: string): TableDefinition {
  try {
    const cursor = cursorOf(sql);
    cursor.expect('CREATE', 'TABLE');
    const { table } = readCreateTable(cursor, '');
    if (table.name.database === '') return { ...table, name: { ...table.name, database: DATABASE } };
    throw new SqlError(`the demo puts its table into a database of its own: name it without ${table.name.database}.`);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new InputError(`--create-table ${path}: must hold one CREATE TABLE statement: ${sqlReason(error)}`, { cause: error });
  }
}

async function checkLines(path: string, limit: number): Promise<void> {
  let lines = 0;
  for await (const { data, partitionKey } of linesOf(path, limit)) {
    lines++;
    const size = data.length + partitionKey.length;
    if (size > MOST_RECORD_BYTES)
      throw new InputError(
        `--input ${path}: line ${partitionKey} must have at most ${MOST_RECORD_BYTES - partitionKey.length} bytes, as records of Kinesis (given ${data.length})`,
      );
  }
  if (lines === 0) throw new InputError(`--input ${path}: must hold at least one line that is not blank`);
}

/** The lines that are not blank, byte for byte: each is read as Latin-1, which loses none. The number of the line is its partition key. */
async function* linesOf(path: string, limit: number): AsyncGenerator<OutgoingRecord> {
  const file = await opened(path);
  try {
    let number = 0;
    let sent = 0;
    for await (const line of file.readLines({ encoding: 'latin1', autoClose: false })) {
      number++;
      if (line.trim() === '') continue;
      yield { data: Buffer.from(line, 'latin1'), partitionKey: String(number) };
      if (++sent === limit) return;
    }
  } finally {
    await file.close();
  }
}

/** It is read more than once, which a pipe does not allow. */
async function opened(path: string): Promise<FileHandle> {
  const file = await open(path).catch((error: unknown) => unreadable('--input', path, error));
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new InputError(`--input ${path}: must be a file`);
}

function unreadable(option: string, path: string, error: unknown): never {
  throw new InputError(`${option} ${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
