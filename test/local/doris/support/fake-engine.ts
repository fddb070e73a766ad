import {
  type Engine,
  PlanError,
  type QueryResult,
  type ReadResult,
  SqlError,
  type StagedRows,
  type TableInfo,
  type TableName,
} from '../../../../local/doris/engine.ts';

interface Staged extends StagedRows {
  readonly lines: readonly string[];
}

/** One JSON line a row, kept as text; a line that is no JSON is filtered. Enough rows to see what the server does. */
export function fakeEngine(): Engine {
  const tables = new Map<string, string[]>();
  const infos = new Map<string, TableInfo>();
  const databases = new Set<string>();
  const keyOf = ({ database, table }: TableName): string => `${database}.${table}`;

  function create(statement: string, database: string): QueryResult {
    const table = /table (\w+)/i.exec(statement)?.[1] ?? '';
    const properties = Object.fromEntries([...statement.matchAll(/"(\w+)" = "(\w+)"/g)].map(([, name, value]) => [name, value ?? '']));
    const columns = [{ name: 'k', type: 'BIGINT', nullable: true, key: true, aggregation: '', comment: '' }];
    infos.set(`${database}.${table}`, { name: { database, table }, keysType: 'DUP_KEYS', columns, properties });
    tables.set(`${database}.${table}`, []);
    return { columns: [], rows: [], affectedRows: 0 };
  }

  return {
    hasDatabase: (database) => databases.has(database),
    table: (name) => infos.get(keyOf(name)),
    plan(_name, options) {
      if (options['columns'] === 'nope') throw new PlanError('ANALYSIS_ERROR', 'Unknown column');
    },
    async read(target, _options, body): Promise<ReadResult> {
      const lines = body
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '');
      const good = lines.filter((line) => line.startsWith('{'));
      const bad = lines.filter((line) => !line.startsWith('{'));
      const staged: Staged = { target, rows: good.length, lines: good };
      const errorLines = bad.map((line) => `Reason: Parse json data failed. src line [${line}]; `).slice(0, 50);
      return {
        staged,
        totalRows: lines.length,
        loadedRows: good.length,
        filteredRows: bad.length,
        unselectedRows: 0,
        errorLines,
        stoppedEarly: false,
      };
    },
    async publish(staged) {
      tables.get(keyOf(staged.target))?.push(...(staged as Staged).lines);
    },
    async discard() {},
    async query(statement, database) {
      const created = /^create database (\w+)/i.exec(statement)?.[1];
      if (created !== undefined) databases.add(created);
      if (created !== undefined) return { columns: [], rows: [], affectedRows: 0 };
      if (/^create table/i.test(statement)) return create(statement, database);
      const counted = /^select count\(\*\) from `?(\w+)`?/i.exec(statement)?.[1];
      if (counted === undefined) throw new SqlError('syntax error');
      return {
        columns: [{ name: 'count(*)', type: 'BIGINT' }],
        rows: [[tables.get(`${database}.${counted}`)?.length ?? 0]],
        affectedRows: 0,
      };
    },
    async close() {},
  };
}
