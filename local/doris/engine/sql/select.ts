import type { QueryResult } from '../../engine.ts';
import { STORE } from '../store/database.ts';
import { quoteName } from '../store/identifier.ts';
import type { Statement } from './context.ts';
import { queryResult } from './result.ts';
import { translate } from './translate.ts';

/** Runs a SELECT on DuckDB. */
export async function runSelect({ text, current, catalog, database }: Statement): Promise<QueryResult> {
  const { sql, tables } = translate(text, { current, catalog });
  return database.read(async (connection) => {
    await connection.run(catalog.hasDatabase(current) ? `USE ${quoteName(STORE)}.${quoteName(current)}` : 'USE memory.main');
    const result = await connection.runAndReadAll(sql);
    return queryResult(
      result,
      tables.flatMap(({ columns }) => columns),
    );
  });
}
