import { type Engine, type EngineOptions, PlanError, type StagedRows, type TableName } from '../engine.ts';
import { planLoad } from './load/plan.ts';
import { readBody, type Staging } from './load/read.ts';
import { createMacros } from './sql/duck-functions.ts';
import { runStatement } from './sql/statement.ts';
import { type Catalog, openCatalog } from './store/catalog.ts';
import { type Database, openDatabase } from './store/database.ts';
import { mergeStaged } from './store/publish.ts';
import { type TableDefinition, tableInfo } from './table/definition.ts';

/**
 * Opens the row half of the stand-in.
 * @param options - with a file, rows and table definitions outlive the engine; staged rows never do.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const database = await openDatabase(options.file);
  await database.write(createMacros);
  const catalog = await openCatalog(database);
  const staged = new Map<StagedRows, Staging>();
  return {
    hasDatabase: catalog.hasDatabase,
    table: (name) => {
      const table = catalog.table(name);
      return table && tableInfo(table);
    },
    plan: (name, headers) => {
      planLoad(knownTable(catalog, name), headers);
    },
    read: async (name, headers, body) => {
      const { staging, ...result } = await readBody(database, knownTable(catalog, name), headers, body, options);
      const handle: StagedRows = { target: name, rows: staging.rows };
      staged.set(handle, staging);
      return { ...result, staged: handle };
    },
    publish: async (handle) => {
      const staging = waiting(staged, handle);
      await publish(database, catalog, staging);
      staged.delete(handle);
      await staging.stage.drop();
    },
    discard: async (handle) => {
      const staging = waiting(staged, handle);
      staged.delete(handle);
      await staging.stage.drop();
    },
    query: (statement, name) => runStatement({ catalog, database }, statement, name),
    close: () => database.close(),
  };
}

function knownTable(catalog: Catalog, name: TableName): TableDefinition {
  const table = catalog.table(name);
  if (table) return table;
  const reason = catalog.hasDatabase(name.database)
    ? `unknown table, tableName=${name.table}`
    : `unknown database, database=${name.database}`;
  throw new PlanError('ANALYSIS_ERROR', `TStatus: errCode = 2, detailMessage = ${reason}`);
}

/** @throws {Error} when the table was dropped, or made anew, since the rows were read: they were checked against the old one. */
async function publish(database: Database, catalog: Catalog, { table, stage, sequence }: Staging): Promise<void> {
  await database.transaction(async (connection) => {
    const { database: schema, table: name } = table.name;
    if (catalog.table(table.name) !== table) throw new Error(`table ${schema}.${name} is not the one that the rows were read for`);
    await mergeStaged(connection, table, stage.rows(), sequence);
  });
}

/** @throws {Error} when the rows were published or discarded before: the server must not do that. */
function waiting(staged: ReadonlyMap<StagedRows, Staging>, handle: StagedRows): Staging {
  const staging = staged.get(handle);
  if (!staging)
    throw new Error(`staged rows of ${handle.target.database}.${handle.target.table} are gone: they were published or discarded before`);
  return staging;
}
