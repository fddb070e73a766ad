import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { quoteName, quoteText } from './identifier.ts';

/** The catalog that holds the tables of the user; no database of a user has this name. */
export const STORE = 'doris store';

/**
 * Two connections, each used by one caller at a time: `write` for everything that changes tables, so that publishes serialise and each
 * is one transaction, and `read` for SELECT, which sees the last committed state and is not held up by a publish.
 */
export interface Database {
  write<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** Like {@link write}, inside one transaction that is rolled back when `work` throws. */
  transaction<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** A connection of its own for one stage, outside any transaction of the others: one that is shared cuts off the statements of the others. */
  stagingConnection(): Promise<DuckDBConnection>;
  close(): Promise<void>;
}

/** Opens the store in `file`, or in memory. Nothing is fetched: extensions are the built-in ones. */
export async function openDatabase(file: string | undefined): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // Doris sorts NULL before every value.
    default_null_order: 'nulls_first_on_asc_last_on_desc',
  });
  const writer = await instance.connect();
  await writer.run(`ATTACH ${quoteText(file ?? ':memory:')} AS ${quoteName(STORE)}`);
  const reader = await instance.connect();
  const write = oneAtATime(writer);
  const read = oneAtATime(reader);
  return {
    write,
    read,
    stagingConnection: () => instance.connect(),
    transaction: (work) => write((connection) => inTransaction(connection, () => work(connection))),
    close: () => write(async () => read(async () => closeAll(instance, writer, [reader]))),
  };
}

/** Detaching writes the file's log into the file itself, so that one file is all that has to be kept. */
async function closeAll(instance: DuckDBInstance, writer: DuckDBConnection, others: readonly DuckDBConnection[]): Promise<void> {
  for (const connection of others) connection.closeSync();
  await writer.run('USE memory');
  await writer.run(`DETACH ${quoteName(STORE)}`);
  writer.closeSync();
  instance.closeSync();
}

async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN');
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    await connection.run('ROLLBACK');
    throw error;
  }
}

function oneAtATime(connection: DuckDBConnection) {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    const result = last.then(() => work(connection));
    last = result.catch(() => undefined);
    return result;
  };
}
