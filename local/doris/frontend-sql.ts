import { randomUUID } from 'node:crypto';
import type { Call, Reply } from './call.ts';
import type { Cluster } from './cluster.ts';
import { type QueryResult, SqlError } from './engine.ts';
import { badRequest, commonError, ok } from './frontend-reply.ts';

const DEFAULT_ROW_LIMIT = 1000;
const NOTHING: QueryResult = { columns: [], rows: [], affectedRows: 0 };

/** `POST /api/query/{catalog}/{db}` with `{"stmt": ...}`: how a client without MySQL protocol runs SQL. */
export async function runStatement(cluster: Cluster, call: Call, body: Buffer): Promise<Reply> {
  const request = parseRequest(body.toString('utf8'));
  if (request === undefined) return badRequest('Missing statement request body');
  const before = cluster.clock.now();
  try {
    const result = await query(cluster, request.stmt, call.place.database);
    return ok(render(result, request.limit, cluster.clock.now() - before));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return commonError(`Failed to execute sql: java.sql.SQLException: errCode = 2, detailMessage = ${error.message}`);
  }
}

/** Runs a statement: those about labels here, all others in the engine. @throws {SqlError} */
export async function query(cluster: Cluster, statement: string, database: string): Promise<QueryResult> {
  const aboutLabels = cleanLabel(cluster, statement) ?? showTransaction(cluster, statement, database);
  if (aboutLabels !== undefined) return aboutLabels;
  const result = await cluster.engine.query(statement, database);
  const dropped = /^\s*drop\s+(?:database|schema)\s+(?:if\s+exists\s+)?`?(\w+)`?/i.exec(statement)?.[1];
  if (dropped !== undefined) cluster.transactions.forget(dropped);
  if (/^\s*insert\b/i.test(statement)) rememberInsert(cluster, database, result.affectedRows);
  return result;
}

interface StatementRequest {
  readonly stmt: string;
  readonly limit: number;
}

function parseRequest(text: string): StatementRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (parsed === null || typeof parsed !== 'object') return undefined;
  const { stmt, limit } = parsed as Record<string, unknown>;
  if (typeof stmt !== 'string' || stmt === '') return undefined;
  return { stmt, limit: typeof limit === 'number' ? limit : DEFAULT_ROW_LIMIT };
}

function render({ columns, rows }: QueryResult, limit: number, time: number): object {
  if (columns.length === 0) return { type: 'exec_status', status: {}, time };
  return { type: 'result_set', meta: columns, data: rows.slice(0, limit), time };
}

/** An INSERT is a transaction too: it takes a place in the label memory of its database (reference 4). */
function rememberInsert({ transactions, behaviour }: Cluster, database: string, rows: number): void {
  const label = `label_${randomUUID().replaceAll('-', '')}`;
  const begun = transactions.begin({ database, table: '', label, coordinator: 'fe', timeoutMs: behaviour.loadTimeoutMs });
  if (begun.kind !== 'begun') return;
  transactions.commit(begun.transaction.txnId, rows);
  transactions.makeVisible(begun.transaction.txnId);
}

function cleanLabel({ engine, transactions }: Cluster, statement: string): QueryResult | undefined {
  const [matched, label, database = ''] =
    /^\s*clean\s+label\s+(?:(?!from\s)`?([-\w:]+)`?\s+)?from\s+`?(\w+)`?\s*;?\s*$/i.exec(statement) ?? [];
  if (matched === undefined) return undefined;
  if (!engine.hasDatabase(database)) throw new SqlError(`Unknown database '${database}'`);
  transactions.forget(database, label);
  return NOTHING;
}

function showTransaction({ transactions }: Cluster, statement: string, current: string): QueryResult | undefined {
  const pattern = /^\s*show\s+transaction(?:\s+from\s+`?(\w+)`?)?\s+where\s+(label|id)\s*=\s*['"]?([-\w:]+)['"]?\s*;?\s*$/i;
  const [matched, database = current, field = '', value = ''] = pattern.exec(statement) ?? [];
  if (matched === undefined) return undefined;
  const found = field.toLowerCase() === 'id' ? transactions.get(Number(value)) : transactions.latest(database, value);
  const names = ['TransactionId', 'Label', 'Coordinator', 'TransactionStatus', 'LoadJobSourceType', 'Reason', 'TimeoutMs'];
  const columns = names.map((name) => ({ name, type: 'VARCHAR' }));
  const row = found && [found.txnId, found.label, found.coordinator, found.state, 'BACKEND_STREAMING', found.reason, found.timeoutMs];
  return { columns, rows: row === undefined ? [] : [row.map(String)], affectedRows: 0 };
}
