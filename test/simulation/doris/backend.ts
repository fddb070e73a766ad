import { gunzipSync } from 'node:zlib';
import { oneOf } from '../random.ts';
import { mayArriveLate, type Nature, type Unpacking } from '../scenario.ts';
import { ATTEMPT_GRACE, CLOCK_ERROR, latency, type World } from '../world.ts';
import type { Cluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import { type Counts, failure, labelExists, loadReport, PRECOMMITTED, PUBLISH_TIMEOUT, SUCCESS } from './replies.ts';
import { groupLabel, isGrouped, type Transaction } from './transactions.ts';

/** A load on its way through one backend. */
interface Loading {
  readonly world: World;
  readonly cluster: Cluster;
  readonly connection: Connection;
  readonly backend: string;
  readonly label: string;
  /** Restarts of the backend when it began. */
  readonly life: number;
  /** Of a packed load. */
  readonly unpacking: Unpacking | undefined;
}

const OVERLOADED = [
  '[INTERNAL_ERROR]tablet error: [E-235]failed to init rowset builder. version count: 2001, exceed limit: 2000',
  '[MEM_LIMIT_EXCEEDED]process memory used exceed limit',
] as const;

const TOO_MANY_RUNNING =
  '[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = current running txns on db 1 is 1000, larger than limit 1000';

const PACKED_JSON = '[INTERNAL_ERROR]compress data of JSON format is not supported.';

const AROUND_COMMIT = [
  '[THRIFT_RPC_ERROR]failed to call frontend service, FE address=fe1.doris:9020, reason: THRIFT_EAGAIN (timed out)',
  '[INTERNAL_ERROR]cancelled: closed',
  '[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = get tableList write lock timeout',
] as const;

/** So often the frontend aborts what has timed out (`transaction_clean_interval_second`). */
const SWEEP = 30_000;

/** A lease, what it allows to be on its way, and the time between two machines' clocks (lib/settle/lease.ts). */
const LONGEST_PERMISSION = 3_000 + ATTEMPT_GRACE + 2 * CLOCK_ERROR;

/** Takes one Stream Load (reference 2): headers, begin, body, commit, reply. What the client hears of it is another matter. */
export async function serveLoad(world: World, cluster: Cluster, connection: Connection): Promise<void> {
  const { ask, machine } = connection;
  const { faults } = world;
  const backend = ask.url.host;
  world.figures.attempts += 1;
  const label = ask.headers['label'] ?? groupLabel(world.figures.attempts);
  const unpacking = ask.headers['compress_type'] === 'gz' ? cluster.unpacks() : undefined;
  const loading: Loading = { world, cluster, connection, backend, label, life: cluster.life(backend), unpacking };
  if (faults.strikes('connection-lost', machine.actor)) return connection.lose('ECONNRESET');
  if (faults.strikes('overload', machine.actor)) return connection.answer(200, loadReport(label, -1, failure(TOO_MANY_RUNNING)));
  if (unpacking === 'refused') return connection.answer(200, loadReport(label, -1, failure(PACKED_JSON)));
  const result = cluster.transactions.begin(label, tableOf(ask.url), backend, Number(ask.headers['timeout']) * 1000);
  if ('heldBy' in result) {
    world.trace(backend, () => `label ${label} is held by transaction ${result.heldBy.id} (${result.heldBy.state})`);
    return connection.answer(200, loadReport(label, -1, labelExists(result.heldBy)));
  }
  const { begun } = result;
  world.trace(backend, () => `begins transaction ${begun.id} of ${label} for ${machine.actor.name}`);
  cluster.abortIn(begun, begun.expiresAt - world.scheduler.now() + cluster.actor.draw() * SWEEP);
  if (ask.headers['strict_mode'] !== 'true') return refuseOption(loading, begun);
  cluster.watch.onBegin(begun, machine);
  if (!faults.strikes('slow-continue', machine.actor)) connection.sayContinue();
  if (!(await connection.body)) return cluster.abortIn(begun, latency(cluster.actor));
  return readBody(loading, begun);
}

function tableOf(url: URL): string {
  return decodeURIComponent(url.pathname.split('/')[3] ?? '');
}

function refuseOption({ cluster, connection, label }: Loading, begun: Transaction): void {
  cluster.transactions.abort(begun);
  connection.answer(200, loadReport(label, begun.id, failure('[INVALID_ARGUMENT]Invalid strict mode format. Must be bool type')));
}

interface SentRow {
  readonly n: number;
  readonly k: Nature;
}

async function readBody(loading: Loading, begun: Transaction): Promise<void> {
  const { world, cluster, connection } = loading;
  const { faults, scheduler } = world;
  const { actor } = connection.machine;
  await scheduler.pause(latency(actor));
  if (!connection.machine.alive() && actor.draw() < 0.5) return cluster.abortIn(begun, latency(cluster.actor));
  if (faults.strikes('overload', actor)) return fail(loading, begun, oneOf(actor.draw, OVERLOADED));
  const sent = Buffer.concat(connection.ask.body);
  const lines = (loading.unpacking === undefined ? sent : gunzipSync(sent)).toString('utf8').trimEnd();
  const rows: readonly SentRow[] = JSON.parse(`[${lines.replaceAll('\n', ',')}]`);
  if (!isGrouped(loading.label)) world.truth.name(loading.label, tableOf(connection.ask.url), numbersOf(rows));
  refuseSettled(world, begun, numbersOf(rows));
  await scheduler.pause(latency(actor));
  if (faults.strikes('locked-aborted', actor)) return hang(loading);
  if (isGone(loading)) return connection.lose('ECONNRESET');
  const areBad = loading.unpacking === 'read-as-it-is' ? linesOf(sent).map(() => true) : rows.map(({ k }) => cluster.refuses(k));
  return judgeRows(loading, begun, rows, areBad);
}

function linesOf(bytes: Buffer): readonly string[] {
  return bytes.toString('latin1').split('\n');
}

/** @param areBad - each line that the backend has read, which is a row where it unpacks. */
async function judgeRows(loading: Loading, begun: Transaction, rows: readonly SentRow[], areBad: readonly boolean[]): Promise<void> {
  const { world, connection } = loading;
  if (areBad.includes(true)) {
    return isFilteredOneByOne(loading, rows) ? filterRows(loading, begun, rows) : refuseRows(loading, begun, areBad);
  }
  if (world.faults.strikes('locked-visible', connection.machine.actor)) return hang(loading, begun, rows);
  return isTwoPhase(loading) ? precommit(loading, begun, rows) : commit(loading, begun, rows);
}

/** The watermark trims what is settled: only who had permission before may still put it. */
function refuseSettled({ truth, scenario }: World, { label, begunAt }: Transaction, rows: readonly number[]): void {
  if (mayArriveLate(scenario)) return;
  for (const n of rows) {
    const settledAt = truth.settledAt(n);
    if (settledAt !== undefined && begunAt > settledAt + LONGEST_PERMISSION) {
      truth.breaks(`record ${n} is put under ${label}, long after the watermark has passed it`);
    }
  }
}

/** Group commit, when there are more rows than it keeps in memory (reference 3.2, 9.13). */
function isFilteredOneByOne({ world, label }: Loading, rows: readonly SentRow[]): boolean {
  return isGrouped(label) && rows.length > world.scenario.groupMemoryRows;
}

/** The good rows are stored beside the bad ones. */
function filterRows({ world, cluster, connection, label }: Loading, begun: Transaction, rows: readonly SentRow[]): void {
  const { actor } = connection.machine;
  const good = rows.filter(({ k }) => !cluster.refuses(k));
  if (cluster.commit(begun, numbersOf(good))) cluster.publishIn(begun, latency(cluster.actor));
  const lost = world.faults.strikes('reply-lost', actor);
  const counts = { total: rows.length, loaded: good.length, filtered: rows.length - good.length };
  const url = `http://${begun.backend}/api/_load_error_log?file=__shard_1/error_log_${begun.id}`;
  if (lost) connection.lose('ECONNRESET');
  else connection.answer(200, loadReport(label, begun.id, { ...SUCCESS, ...groupIn(label), ErrorURL: url }, counts));
}

function groupIn(label: string): { GroupCommit?: 'true' } {
  return isGrouped(label) ? { GroupCommit: 'true' } : {};
}

function isTwoPhase({ connection }: Pick<Loading, 'connection'>): boolean {
  return connection.ask.headers['two_phase_commit'] === 'true';
}

/** Restarted meanwhile: what it had in hand is gone. */
function isGone({ cluster, backend, life }: Loading): boolean {
  return cluster.life(backend) !== life;
}

function fail({ cluster, connection, label }: Loading, begun: Transaction, message: string): void {
  cluster.transactions.abort(begun);
  connection.answer(200, loadReport(label, begun.id, failure(message)));
}

/** The backend is stuck: the transaction ends by its timeout, or goes on by itself before that. The client hears nothing, or a reset. */
function hang({ world, cluster, connection }: Loading, begun?: Transaction, rows: readonly SentRow[] = []): void {
  const { actor } = connection.machine;
  if (actor.draw() < 0.5) connection.lose('ECONNRESET');
  if (begun === undefined) return;
  const longest = begun.expiresAt + SWEEP - world.scheduler.now();
  world.scheduler.at(world.scheduler.now() + actor.draw() * longest, () => {
    if (isTwoPhase({ connection })) cluster.precommit(begun, numbersOf(rows));
    else if (cluster.commit(begun, numbersOf(rows))) cluster.publishIn(begun, latency(cluster.actor));
  });
}

function numbersOf(rows: readonly SentRow[]): number[] {
  return rows.map(({ n }) => n);
}

/** With more than 50 bad rows Doris stops early, and counts what it has read until then (reference 9.13). */
function refuseRows({ world, cluster, connection, backend, label }: Loading, begun: Transaction, areBad: readonly boolean[]): void {
  const { actor } = connection.machine;
  const late = world.faults.strikes('late-abort', actor);
  if (late) cluster.abortIn(begun, actor.draw() * 12_000);
  else cluster.transactions.abort(begun);
  const bad = areBad.flatMap((isBad, index) => (isBad ? [index] : []));
  const lastRead = bad[50] ?? areBad.length - 1;
  const counts = { total: lastRead + 1, loaded: 0, filtered: Math.min(bad.length, 51) };
  world.trace(backend, () => `refuses ${counts.filtered} of ${counts.total} rows of transaction ${begun.id}`);
  const verdict = {
    ...failure('[DATA_QUALITY_ERROR]too many filtered rows'),
    ErrorURL: `http://${backend}/api/_load_error_log?file=__shard_1/error_log_${begun.id}`,
  };
  if (world.faults.strikes('reply-lost', actor)) connection.lose('ECONNRESET');
  else connection.answer(200, loadReport(label, begun.id, verdict, counts));
}

function failLost({ world, cluster, connection, label }: Loading, begun: Transaction, counts: Counts): boolean {
  const { actor } = connection.machine;
  if (!world.faults.strikes('fail-lost', actor)) return false;
  cluster.abortIn(begun, actor.draw() < 0.5 ? 0 : actor.draw() * 40_000);
  connection.answer(200, loadReport(label, begun.id, failure(oneOf(actor.draw, AROUND_COMMIT)), counts));
  return true;
}

function notFound({ connection, label }: Loading, { id }: Transaction): void {
  connection.answer(
    200,
    loadReport(label, id, failure(`[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = transaction [${id}] not found`)),
  );
}

function precommit(loading: Loading, begun: Transaction, rows: readonly SentRow[]): void {
  const { world, cluster, connection, label } = loading;
  const { actor } = connection.machine;
  const counts = { total: rows.length, loaded: rows.length, filtered: 0 };
  if (failLost(loading, begun, counts)) return;
  if (!cluster.precommit(begun, numbersOf(rows))) notFound(loading, begun);
  else if (world.faults.strikes('reply-lost', actor)) connection.lose('ECONNRESET');
  else connection.answer(200, loadReport(label, begun.id, PRECOMMITTED, counts));
}

async function commit(loading: Loading, begun: Transaction, rows: readonly SentRow[]): Promise<void> {
  const { world, cluster, connection, label } = loading;
  const { faults } = world;
  const { actor } = connection.machine;
  const counts = { total: rows.length, loaded: rows.length, filtered: 0 };
  if (failLost(loading, begun, counts)) return;
  if (!cluster.commit(begun, numbersOf(rows))) return notFound(loading, begun);
  const late = faults.strikes('publish-timeout', actor);
  const lost = faults.strikes('reply-lost', actor);
  const failed = faults.strikes('fail-stored', actor);
  // What makes one thing go wrong makes another: publishing is slow, or everything goes down.
  const trouble = late || lost || failed;
  const visibleIn = late || (trouble && actor.draw() < 0.5) ? actor.draw() * 120_000 : latency(cluster.actor);
  cluster.publishIn(begun, visibleIn);
  if (trouble && actor.draw() < 0.3) cluster.breakDown();
  if (lost) return connection.lose('ECONNRESET');
  if (failed) {
    return connection.answer(200, loadReport(label, begun.id, failure(oneOf(actor.draw, AROUND_COMMIT)), counts));
  }
  if (!trouble) await world.scheduler.pause(visibleIn);
  connection.answer(200, loadReport(label, begun.id, { ...(late ? PUBLISH_TIMEOUT : SUCCESS), ...groupIn(label) }, counts));
}
