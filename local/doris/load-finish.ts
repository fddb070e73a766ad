import { unpack } from './body.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import { PlanError, type ReadResult } from './engine.ts';
import { bodyFormatOf } from './format.ts';
import { commitLoad } from './load-commit.ts';
import type { Load } from './load-header.ts';
import { type Ending, replyToLoad } from './load-reply.ts';
import type { LoadRequest } from './load-request.ts';
import { type Refusal, refuse } from './refusal.ts';

/** A load whose body has been read and found good enough to be stored. */
export type ReadLoad = Omit<Ending, 'end'> & { readonly result: ReadResult };

const STOPPED_EARLY =
  'Encountered unqualified data, stop processing. Please check if the source data matches the schema, and consider disabling strict mode or increasing max_filter_ratio.';

/** Turns a complete body into rows, judges them, and commits or rolls back. */
export async function finishLoad(cluster: Cluster, backend: BackendNode, load: Load, body: Buffer): Promise<void> {
  const { request } = load;
  const before = cluster.clock.now();
  const unpacked = await unpack(body, bodyFormatOf(request.options, cluster.behaviour)?.compression ?? '');
  if (unpacked.kind === 'refused') {
    return replyToLoad(cluster, { load, end: unpacked, counts: { total: 0, loaded: 0, filtered: 0, unselected: 0, bytes: body.length } });
  }
  const result = await readRows(cluster, request, unpacked.body);
  if (result instanceof PlanError) {
    return replyToLoad(cluster, { load, end: { kind: 'refused', refusal: refuse(result.code, result.message) } });
  }
  const { totalRows: total, loadedRows: loaded, filteredRows: filtered, unselectedRows: unselected } = result;
  const read: ReadLoad = {
    load,
    result,
    counts: { total, loaded, filtered, unselected, bytes: body.length },
    times: { receive: before - request.startedAt, read: cluster.clock.now() - before },
    ...keepErrors(cluster, backend, result),
  };
  const refusal = judge(result, Number.parseFloat(request.options['max_filter_ratio'] ?? '0') || 0);
  if (refusal === undefined) return commitLoad(cluster, backend, read);
  await cluster.engine.discard(result.staged);
  await replyToLoad(cluster, { ...read, end: { kind: 'refused', refusal } });
}

/** A table dropped or altered after planning makes the load fail as a plan does. */
async function readRows(cluster: Cluster, { target, options }: LoadRequest, body: Buffer): Promise<ReadResult | PlanError> {
  const { compress_type: _undone, ...rest } = options;
  const zone = cluster.behaviour.timeZone;
  const zoned = zone === '' || rest['timezone'] !== undefined || rest['time_zone'] !== undefined ? rest : { ...rest, timezone: zone };
  try {
    return await cluster.engine.read(target, zoned, body);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
}

/** Strictly greater: a ratio of exactly the limit passes (reference 3.2, 9.10). */
function judge(result: ReadResult, maxFilterRatio: number): Refusal | undefined {
  const { fatal, stoppedEarly, totalRows, unselectedRows, filteredRows } = result;
  if (fatal !== undefined) return refuse(fatal.code, fatal.message);
  if (stoppedEarly) return refuse('DATA_QUALITY_ERROR', STOPPED_EARLY);
  const selected = totalRows - unselectedRows;
  const tooMany = selected > 0 && filteredRows / selected > maxFilterRatio;
  return tooMany ? refuse('DATA_QUALITY_ERROR', 'too many filtered rows') : undefined;
}

function keepErrors(cluster: Cluster, backend: BackendNode, result: ReadResult): { errorUrl?: string; firstError?: string } {
  const first = result.errorLines[0];
  if (first === undefined) return {};
  const file = cluster.errorLogs.keep(result.errorLines, result.filteredRows);
  return { errorUrl: `${backend.listener.url()}/api/_load_error_log?file=${file}`, firstError: reasonOf(first) };
}

function reasonOf(line: string): string {
  return /^Reason: (.*?)\. src line \[/s.exec(line)?.[1] ?? line;
}
