import type { Call, Reply } from './call.ts';
import type { Cluster } from './cluster.ts';
import type { ColumnInfo } from './engine.ts';
import { commonError, ok, unknownDatabase } from './frontend-reply.ts';

/** `GET /api/backends[?is_alive=true]` (reference 8). */
export function backendList({ backends }: Cluster, { query }: Call): Reply {
  const onlyAlive = query.get('is_alive')?.toLowerCase() === 'true';
  const shown = backends.filter(({ alive }) => alive || !onlyAlive);
  return ok({
    backends: shown.map(({ listener, alive }) => ({ ip: new URL(listener.url()).hostname, http_port: listener.port(), is_alive: alive })),
  });
}

/** `GET /api/health` (reference 8). */
export function health({ backends }: Cluster): Reply {
  return ok({ total_backend_num: backends.length, online_backend_num: backends.filter(({ alive }) => alive).length });
}

/** `GET /api/bootstrap`; without cluster id and token the numbers say nothing (reference 8). */
export function bootstrap({ behaviour, startTime }: Cluster): Reply {
  return ok({ replayedJournalId: 0, queryPort: 0, rpcPort: 0, version: behaviour.version, startTime });
}

/** `GET /api/{db}/{table}/_schema` (reference 8). All values are strings. */
export function schema({ engine }: Cluster, { place }: Call): Reply {
  const unknown = unknownTable(engine.hasDatabase(place.database), engine.table(place) !== undefined, place);
  const table = engine.table(place);
  if (unknown !== undefined || table === undefined) return commonError(unknown ?? '');
  return ok({ status: 200, keysType: table.keysType, properties: table.columns.map(columnProperties) });
}

/** `GET /api/{db}/{table}/_count` (reference 8). Doris's number lags behind; this one is exact. */
export async function count({ engine }: Cluster, { place }: Call): Promise<Reply> {
  const unknown = unknownTable(engine.hasDatabase(place.database), engine.table(place) !== undefined, place);
  if (unknown !== undefined) return commonError(unknown);
  const { rows } = await engine.query(`SELECT count(*) FROM \`${place.table}\``, place.database);
  return ok({ status: 200, size: Number(rows[0]?.[0] ?? 0) });
}

function unknownTable(hasDatabase: boolean, hasTable: boolean, { database, table }: Call['place']): string | undefined {
  if (!hasDatabase) return unknownDatabase(database);
  return hasTable ? undefined : `errCode = 7, detailMessage = unknown table, tableName=${table}`;
}

function columnProperties({ name, type, comment, aggregation }: ColumnInfo): object {
  const [base = '', ...numbers] = type.split(/[(),\s]+/).filter((part) => part !== '');
  const decimal = base.startsWith('DECIMAL') ? { precision: numbers[0] ?? '9', scale: numbers[1] ?? '0' } : {};
  return { type: base, name, comment, aggregation_type: aggregation, ...decimal };
}
