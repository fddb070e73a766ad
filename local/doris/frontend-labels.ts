import type { Call, Reply } from './call.ts';
import { json } from './call.ts';
import type { Cluster } from './cluster.ts';
import { badRequest, commonError, ok, unknownDatabase } from './frontend-reply.ts';

/** `GET /api/{db}/get_load_state?label=`: a label never seen and one forgotten look the same (reference 5). */
export function loadState({ engine, transactions }: Cluster, { place, query }: Call): Reply {
  const label = query.get('label') ?? '';
  if (label === '') return badRequest('No label selected');
  if (!engine.hasDatabase(place.database)) return commonError(unknownDatabase(place.database));
  return ok(transactions.latest(place.database, label)?.state ?? 'UNKNOWN');
}

/** `POST /api/{db}/_cancel?label=` aborts what is in PREPARE (reference 5). */
export function cancelLoad({ engine, transactions }: Cluster, { place, query }: Call): Reply {
  const label = query.get('label') ?? '';
  if (label === '') return badRequest('No label specified');
  if (!engine.hasDatabase(place.database)) return commonError(unknownDatabase(place.database));
  const latest = transactions.latest(place.database, label);
  if (latest === undefined) return commonError(`errCode = 2, detailMessage = transaction not found, label=${label}`);
  if (latest.state !== 'PREPARE') return commonError(`errCode = 2, detailMessage = running transaction not found, label=${label}`);
  transactions.abort(latest.txnId, 'user cancel');
  return json({ msg: 'success', code: 0, data: null, count: 0 });
}

/** `GET /api/{db}/_load_info?label=` knows broker loads and inserts, never stream loads, so it finds nothing here (reference 5). */
export function loadInfo({ engine }: Cluster, { place, query }: Call): Reply {
  const label = query.get('label') ?? '';
  if (label === '') return json({ status: 'FAILED', msg: 'No label selected.' });
  if (!engine.hasDatabase(place.database)) return json({ status: 'FAILED', msg: unknownDatabase(place.database) });
  return json({ status: 'FAILED', msg: `errCode = 2, detailMessage = job does not exist. label: ${label}` });
}
