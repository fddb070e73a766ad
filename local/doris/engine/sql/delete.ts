import type { QueryResult } from '../../engine.ts';
import { STORE } from '../store/database.ts';
import { quoteName } from '../store/identifier.ts';
import type { Statement } from './context.ts';
import { translate } from './translate.ts';

/** DELETE FROM table WHERE ..; without WHERE Doris refuses. */
export async function deleteRows({ cursor, text, current, catalog, database }: Statement): Promise<QueryResult> {
  if (!/\bwhere\b/i.test(text)) cursor.fail('WHERE: Doris deletes no whole table, use TRUNCATE TABLE');
  const { sql } = translate(text, { current, catalog });
  return database.write(async (connection) => {
    try {
      await connection.run(catalog.hasDatabase(current) ? `USE ${quoteName(STORE)}.${quoteName(current)}` : 'USE memory.main');
      const result = await connection.runAndReadAll(sql);
      return { columns: [], rows: [], affectedRows: result.rowsChanged };
    } finally {
      await connection.run('USE memory.main');
    }
  });
}
