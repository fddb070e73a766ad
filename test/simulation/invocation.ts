import type { SQSClient } from '@aws-sdk/client-sqs';
import { sharedBreaker } from '../../lib/breaker.ts';
import { sqsDeadLetters } from '../../lib/dead-letter/sqs.ts';
import { invocationDeadlines } from '../../lib/deadline.ts';
import { connectDoris } from '../../lib/doris/client.ts';
import { parseRedirectHosts } from '../../lib/doris/redirect-policy.ts';
import { ledgerInTime, portsInTime } from '../../lib/in-time.ts';
import type { Outages } from '../../lib/ledger/outage.ts';
import { type LoadRules, loadBatch } from '../../lib/pipeline.ts';
import type { LoadMode } from '../../lib/ports.ts';
import type { Ports } from '../../lib/settle/run.ts';
import { decodeKinesisEvent } from '../../lib/source/kinesis.ts';
import type { PositionColumns } from '../../lib/source/splice.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { bytes, hours, mebibytes, millis } from '../../lib/units.ts';
import { type Cluster, FRONTENDS } from './doris/cluster.ts';
import { wiresFor } from './doris/wires.ts';
import type { Handler } from './fleet.ts';
import { ledgerFor, outagesFor, type SharedLedger } from './ledger.ts';
import type { Machine } from './machine.ts';
import { pathOf, reach, WAITS_FOR_PERSON } from './paths.ts';
import { queueFor } from './queue.ts';
import { drawsOf, oneOf } from './random.ts';
import { mayDouble, type Scenario } from './scenario.ts';
import { DATABASE, MAX_ROW_BYTES, tableName } from './truth.ts';
import { ATTEMPT_GRACE, CLOCK_ERROR, CONNECT_TIMEOUT, type World } from './world.ts';

/** `LABEL_PREFIX`. */
const LOADER = 'sim';
const CREDENTIALS = { username: 'loader', password: 'secret' };
const FRONTEND_URLS = FRONTENDS.map((host) => new URL(`http://${host}`));
const REDIRECTS = parseRedirectHosts('*.doris');

/** What every loader has, wired on one machine: everything but the outside world is the real code. */
export function wiredOn(machine: Machine, world: World, cluster: Cluster, letters: SQSClient, outages: Outages): Omit<Ports, 'ledger'> {
  const { scenario } = world;
  const { clock } = machine;
  const settings = {
    frontends: FRONTEND_URLS,
    credentials: async () => CREDENTIALS,
    redirects: REDIRECTS,
    connectTimeout: millis(CONNECT_TIMEOUT),
    route: scenario.route,
    mode: modeOf(scenario, machine.actor.name),
    compression: scenario.packing === 'off' ? 'none' : 'gzip',
  } as const;
  return {
    clock,
    doris: connectDoris(settings, clock, wiresFor(machine, world, cluster)),
    deadLetters: sqsDeadLetters({ client: letters, queueUrl: 'https://queue', maxBytes: mebibytes(1) }, clock),
    breaker: sharedBreaker(outages, clock),
    telemetry: { record: (event) => tell(machine, world, event) },
  };
}

/** The deadlines of an invocation that begins now, and ports that nobody waits for past them. */
export function inTime(ports: Omit<Ports, 'ledger'>, machine: Machine, { scenario }: World) {
  const { clock } = machine;
  const deadlines = invocationDeadlines(millis(scenario.timeout), clock);
  machine.loadUntil(millis(clock.elapsed() + deadlines.loads.remaining()));
  return { deadlines, ports: portsInTime(ports, deadlines) };
}

/**
 * Wires the function together on one machine, as a cold start does. It answers as Lambda's handler does: the item from which the source has to
 * bring the batch again, or nothing. A shard that waits for a person gets one.
 */
export function coldStart(machine: Machine, world: World, cluster: Cluster, shared: SharedLedger): Handler<string | undefined> {
  const wired = wiredOn(machine, world, cluster, queueFor(machine, world), outagesFor(machine, world, shared.outages));
  const ledger = ledgerFor(machine, world, shared);
  return async (event) => {
    const { deadlines, ports } = inTime(wired, machine, world);
    const rules: LoadRules = { ...rulesOf(world), onUnverifiable: world.scenario.onUnverifiable };
    const bounded = { ...ports, ledger: ledgerInTime(ledger, deadlines.ledger, machine.clock) };
    for (const batch of decodeKinesisEvent(event, { ...DECODE, positionColumns: columnsOf(world.scenario) })) {
      const settlement = await loadBatch(batch, bounded, rules, deadlines.loads);
      if (settlement.kind === 'unsettled') return settlement.from;
    }
    return undefined;
  };
}

function modeOf({ mode, seed }: Scenario, machine: string): LoadMode {
  const draw = drawsOf(seed, `mode of ${machine}`);
  switch (mode) {
    case 'both':
      return oneOf(draw, ['labelled', 'two-phase']);
    case 'any':
      return oneOf(draw, ['labelled', 'two-phase', 'group-commit-may-duplicate']);
    default:
      return mode;
  }
}

function tell(machine: Machine, world: World, event: LoaderEvent): void {
  if (event.kind === 'load') world.figures.loads += 1;
  if (event.kind === 'claim-resolved' && event.consequence === 'reloaded') allowTwice(world, event);
  const path = pathOf(event);
  if (path !== undefined) reach(world.reached, path);
  if (event.kind === 'claim-waits' && event.reason === WAITS_FOR_PERSON) {
    world.waiting.set(event.label, { loader: LOADER, source: event.source, target: event.target });
  }
  world.trace(machine.actor.name, () => JSON.stringify({ ...event, source: undefined }));
}

/** A claim is loaded again only where that does no harm, or where somebody wants it. */
function allowTwice({ scenario, truth }: World, { because, label }: LoaderEvent & { kind: 'claim-resolved' }): void {
  const harmless = because === 'the table has a UNIQUE KEY' && scenario.model === 'unique';
  const wanted = because === 'ON_UNVERIFIABLE is reload' && scenario.onUnverifiable === 'reload';
  if (harmless || wanted || mayDouble(scenario)) truth.allowTwice(label);
  else truth.breaks(`the claim ${label} is loaded again because ${because}, which is not so`);
}

const COLUMNS: PositionColumns = { source: '_source', shard: '_shard', position: '_position' };

/** Columns that rows carry. */
export function columnsOf({ positionColumns }: Scenario): PositionColumns {
  return positionColumns ? COLUMNS : {};
}

/** How payloads become rows. */
export const DECODE = { maxRowBytes: bytes(MAX_ROW_BYTES), maxBatchBytes: mebibytes(1), keepFields: ['t'], longNumbers: 'keep' } as const;

/** In the end somebody looks at rows that are bad without end, and takes the fuse out. */
export function rulesOf({ scenario, faults }: World): LoadRules {
  const rules = Array.from({ length: scenario.tables }, (_, index) => ({
    field: 't',
    equals: index,
    target: { database: DATABASE, table: tableName(index) },
  }));
  const only = {
    rules: [],
    defaultTarget: { database: DATABASE, table: tableName(0) },
    maxRowBytes: DECODE.maxRowBytes,
    maxBatchBytes: DECODE.maxBatchBytes,
  };
  return {
    routing: scenario.tables === 1 ? only : { rules, maxRowBytes: DECODE.maxRowBytes, maxBatchBytes: DECODE.maxBatchBytes },
    labelPrefix: LOADER,
    limits: { maxRows: scenario.maxRows, maxBytes: bytes(scenario.maxBytes) },
    fuseShare: faults.isCalm() ? 1 : scenario.fuseShare,
    fuseRows: scenario.fuseRows,
    isolationLoads: scenario.isolationLoads,
    attemptGrace: millis(ATTEMPT_GRACE),
    labelMemory: {
      longest: hours(12),
      shortest: millis(scenario.crowdedOutAfter - 2 * CLOCK_ERROR),
      transactions: scenario.labelThreshold,
    },
    // Whoever is asked to decide does so in the end.
    onUnverifiable: faults.isCalm() && scenario.onUnverifiable === 'wait' ? 'dead-letter' : scenario.onUnverifiable,
    positionColumns: columnsOf(scenario),
  };
}
