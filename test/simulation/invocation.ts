import { sharedBreaker } from '../../lib/breaker.ts';
import { sqsDeadLetters } from '../../lib/dead-letter/sqs.ts';
import { invocationDeadlines } from '../../lib/deadline.ts';
import { connectDoris } from '../../lib/doris/client.ts';
import { parseRedirectHosts } from '../../lib/doris/redirect-policy.ts';
import { deadLettersInTime, ledgerInTime } from '../../lib/in-time.ts';
import { type LoadRules, loadBatch } from '../../lib/pipeline.ts';
import type { LoadMode } from '../../lib/ports.ts';
import type { Ports } from '../../lib/settle/run.ts';
import { decodeKinesisEvent } from '../../lib/source/kinesis.ts';
import type { PositionColumns } from '../../lib/source/splice.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { bytes, hours, mebibytes, millis } from '../../lib/units.ts';
import { type Cluster, FRONTENDS } from './doris/cluster.ts';
import { wiresFor } from './doris/wires.ts';
import { ledgerFor, outagesFor, type SharedLedger } from './ledger.ts';
import type { Machine } from './machine.ts';
import { queueFor } from './queue.ts';
import { drawsOf, oneOf } from './random.ts';
import type { Scenario } from './scenario.ts';
import { DATABASE, numberOf, tableName } from './truth.ts';
import { ATTEMPT_GRACE, CLOCK_ERROR, CONNECT_TIMEOUT, type World } from './world.ts';

/** Answers an event as Lambda's handler does: the item from which the source has to bring the batch again, or nothing. */
export type Loader = (event: unknown) => Promise<string | undefined>;

const CREDENTIALS = { username: 'loader', password: 'secret' };
const FRONTEND_URLS = FRONTENDS.map((host) => new URL(`http://${host}`));
const REDIRECTS = parseRedirectHosts('*.doris');

/** Wires the function together on one machine, as a cold start does: everything but the outside world is the real code. */
export function coldStart(machine: Machine, world: World, cluster: Cluster, ledger: SharedLedger): Loader {
  const { scenario } = world;
  const { clock } = machine;
  const settings = {
    frontends: FRONTEND_URLS,
    credentials: async () => CREDENTIALS,
    redirects: REDIRECTS,
    connectTimeout: millis(CONNECT_TIMEOUT),
    route: scenario.route,
    mode: modeOf(scenario, machine.actor.name),
  };
  const ports: Ports = {
    clock,
    doris: connectDoris(settings, clock, wiresFor(machine, world, cluster)),
    ledger: ledgerFor(machine, world, ledger),
    deadLetters: sqsDeadLetters({ client: queueFor(machine, world), queueUrl: 'https://queue', maxBytes: mebibytes(1) }, clock),
    breaker: sharedBreaker(outagesFor(machine, world, ledger), clock),
    telemetry: { record: (event) => tell(machine, world, event) },
  };
  return async (event) => {
    const deadlines = invocationDeadlines(millis(scenario.timeout), clock);
    machine.loadUntil(millis(clock.elapsed() + deadlines.loads.remaining()));
    const inTime = {
      ...ports,
      breaker: ports.breaker.within(deadlines.ledger),
      ledger: ledgerInTime(ports.ledger, deadlines.ledger, clock),
      deadLetters: deadLettersInTime(ports.deadLetters, deadlines.letters, clock),
    };
    for (const batch of decodeKinesisEvent(event, { ...DECODE, positionColumns: columnsOf(scenario) })) {
      const settlement = await loadBatch(batch, inTime, rulesOf(world), deadlines.loads);
      if (settlement.kind === 'unsettled') return settlement.from;
    }
    return undefined;
  };
}

function modeOf({ mode, seed }: Scenario, machine: string): LoadMode {
  return mode === 'both' ? oneOf(drawsOf(seed, `mode of ${machine}`), ['labelled', 'two-phase']) : mode;
}

function tell(machine: Machine, world: World, event: LoaderEvent): void {
  if (event.kind === 'load') world.figures.loads += 1;
  if (event.kind === 'claim-resolved' && event.consequence === 'reloaded') {
    world.truth.allowTwice(event.target, numberOf(event.first), numberOf(event.last));
  }
  world.trace(machine.actor.name, () => JSON.stringify({ ...event, source: undefined }));
}

const COLUMNS: PositionColumns = { source: '_source', shard: '_shard', position: '_position' };

function columnsOf({ positionColumns }: Scenario): PositionColumns {
  return positionColumns ? COLUMNS : {};
}

const DECODE = { maxRowBytes: bytes(10_000), maxBatchBytes: mebibytes(1), keepFields: ['t'], longNumbers: 'keep' } as const;

/** In the end somebody looks at rows that are bad without end, and takes the fuse out. */
function rulesOf({ scenario, faults }: World): LoadRules {
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
    labelPrefix: 'sim',
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
