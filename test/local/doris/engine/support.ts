import { afterEach } from 'vitest';
import { openEngine } from '../../../../local/doris/engine/open.ts';
import type { Engine, ReadOptions, ReadResult, TableName } from '../../../../local/doris/engine.ts';

/** The database of these tests. */
export const DATABASE = 'shop';

const opened: Engine[] = [];

afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
});

/** Opens an engine with one database and these tables; it is closed after the test. */
export async function engineWith(...statements: readonly string[]): Promise<Engine> {
  const engine = await openEngine({});
  opened.push(engine);
  await engine.query(`CREATE DATABASE ${DATABASE}`, '');
  for (const statement of statements) await engine.query(statement, DATABASE);
  return engine;
}

/** A table of these columns with the usual rest of the statement. */
export function createTable(columns: string, rest = 'DUPLICATE KEY(id)'): string {
  return `CREATE TABLE t (${columns}) ${rest} DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`;
}

/** The table that {@link createTable} makes. */
export const TABLE: TableName = { database: DATABASE, table: 't' };

/** Headers of a JSON load by line. */
export const LINES: ReadOptions = { format: 'json', read_json_by_line: 'true' };
/** The same with strict mode. */
export const STRICT_LINES: ReadOptions = { ...LINES, strict_mode: 'true' };

/** Reads a body into `t`. */
export function read(engine: Engine, body: string | Buffer | readonly string[], options: ReadOptions = LINES): Promise<ReadResult> {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : body.join('\n'));
  return engine.read(TABLE, options, bytes);
}

/** Reads a body into `t` and publishes it. */
export async function load(engine: Engine, body: string | Buffer | readonly string[], options: ReadOptions = LINES): Promise<ReadResult> {
  const result = await read(engine, body, options);
  await engine.publish(result.staged);
  return result;
}

/** The rows of a query on the database of these tests. */
export async function rowsOf(engine: Engine, query: string): Promise<readonly (readonly unknown[])[]> {
  return (await engine.query(query, DATABASE)).rows;
}
