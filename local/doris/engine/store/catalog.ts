import { SqlError, type TableName } from '../../engine.ts';
import type { TableDefinition } from '../table/definition.ts';
import { storageType } from '../table/types.ts';
import { type Database, STORE } from './database.ts';
import { quoteName, quoteText } from './identifier.ts';
import { createSequences, dropSequences } from './sequences.ts';
import { storedTable } from './stored-table.ts';

/** Databases and table definitions: kept in memory for look-ups, written through to the store. */
export interface Catalog {
  hasDatabase(database: string): boolean;
  databases(): readonly string[];
  table(name: TableName): TableDefinition | undefined;
  tables(database: string): readonly TableDefinition[];
  createDatabase(database: string): Promise<void>;
  dropDatabase(database: string): Promise<void>;
  createTable(table: TableDefinition): Promise<void>;
  dropTable(name: TableName): Promise<void>;
}

const META = `${quoteName(STORE)}."doris meta"`;
/** Names that mean something else to Doris or to DuckDB. */
const RESERVED = new Set([
  'information_schema',
  'mysql',
  '__internal_schema',
  'main',
  'memory',
  'temp',
  'system',
  'pg_catalog',
  'doris meta',
  'doris store',
]);

/** Reads the definitions that an earlier run left, and makes an empty catalog else. */
export async function openCatalog(database: Database): Promise<Catalog> {
  await database.write(async (connection) => {
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${META}`);
    await connection.run(`CREATE TABLE IF NOT EXISTS ${META}.databases (name VARCHAR)`);
    await connection.run(`CREATE TABLE IF NOT EXISTS ${META}.tables (database VARCHAR, name VARCHAR, definition VARCHAR)`);
  });
  return catalogOf(database, await storedDatabases(database));
}

type Tables = Map<string, TableDefinition>;

function catalogOf(database: Database, known: Map<string, Tables>): Catalog {
  const table = ({ database: name, table: tableName }: TableName) => known.get(name)?.get(tableName);
  return {
    hasDatabase: (name) => known.has(name),
    databases: () => [...known.keys()].sort(),
    table,
    tables: (name) => [...(known.get(name)?.values() ?? [])],
    createDatabase: async (name) => {
      checkName(name, [...known.keys()], 'database');
      await database.transaction(async (connection) => {
        await connection.run(`CREATE SCHEMA ${quoteName(STORE)}.${quoteName(name)}`);
        await connection.run(`INSERT INTO ${META}.databases VALUES (${quoteText(name)})`);
      });
      known.set(name, new Map());
    },
    dropDatabase: async (name) => {
      await database.transaction(async (connection) => {
        await connection.run(`DROP SCHEMA ${quoteName(STORE)}.${quoteName(name)} CASCADE`);
        await connection.run(`DELETE FROM ${META}.databases WHERE name = ${quoteText(name)}`);
        await connection.run(`DELETE FROM ${META}.tables WHERE database = ${quoteText(name)}`);
      });
      known.delete(name);
    },
    createTable: async (definition) => {
      const tables = known.get(definition.name.database);
      if (!tables) throw new SqlError(`errCode = 2, detailMessage = Unknown database '${definition.name.database}'`);
      checkName(definition.name.table, [...tables.keys()], 'table');
      await storeTable(database, definition);
      tables.set(definition.name.table, definition);
    },
    dropTable: async (name) => {
      const definition = table(name);
      if (!definition) return;
      await database.transaction(async (connection) => {
        await connection.run(`DROP TABLE ${storedTable(definition)}`);
        await dropSequences(connection, definition);
        await connection.run(`DELETE FROM ${META}.tables WHERE database = ${quoteText(name.database)} AND name = ${quoteText(name.table)}`);
      });
      known.get(name.database)?.delete(name.table);
    },
  };
}

/** Doris keeps names apart by letter case and DuckDB does not, so two such names are refused instead of mixed up. */
function checkName(name: string, taken: readonly string[], what: 'database' | 'table'): void {
  if (what === 'database' && RESERVED.has(name.toLowerCase()))
    throw new SqlError(`errCode = 2, detailMessage = Incorrect database name '${name}'`);
  const clash = taken.find((other) => other.toLowerCase() === name.toLowerCase());
  if (clash === undefined) return;
  if (clash !== name)
    throw new SqlError(`errCode = 2, detailMessage = the stand-in cannot keep the ${what}s '${clash}' and '${name}' apart`);
  throw new SqlError(
    what === 'table'
      ? `errCode = 2, detailMessage = Table '${name}' already exists`
      : `errCode = 2, detailMessage = Can't create database '${name}'; database exists`,
  );
}

async function storeTable(database: Database, definition: TableDefinition): Promise<void> {
  const columns = definition.columns.map(({ name, type }) => `${quoteName(name)} ${storageType(type)}`);
  await database.transaction(async (connection) => {
    await connection.run(`CREATE TABLE ${storedTable(definition)} (${columns.join(', ')})`);
    await createSequences(connection, definition);
    const { database: schema, table } = definition.name;
    await connection.run(
      `INSERT INTO ${META}.tables VALUES (${quoteText(schema)}, ${quoteText(table)}, ${quoteText(definitionText(definition))})`,
    );
  });
}

async function storedDatabases(database: Database): Promise<Map<string, Tables>> {
  return database.write(async (connection) => {
    const names = await connection.runAndReadAll(`SELECT name FROM ${META}.databases`);
    const known = new Map<string, Tables>(names.getRows().map(([name]) => [String(name), new Map()]));
    const tables = await connection.runAndReadAll(`SELECT definition FROM ${META}.tables`);
    for (const [text] of tables.getRows()) {
      const definition = readDefinition(String(text));
      known.get(definition.name.database)?.set(definition.name.table, definition);
    }
    return known;
  });
}

/** Limits of integer types are bigints, which JSON has no form for. */
function definitionText(definition: TableDefinition): string {
  return JSON.stringify(definition, (_, value: unknown) => (typeof value === 'bigint' ? { bigint: String(value) } : value));
}

function readDefinition(text: string): TableDefinition {
  return JSON.parse(text, (_, value: unknown) => (isStoredBigint(value) ? BigInt(value.bigint) : value));
}

function isStoredBigint(value: unknown): value is { readonly bigint: string } {
  return typeof value === 'object' && value !== null && 'bigint' in value && typeof value.bigint === 'string';
}
