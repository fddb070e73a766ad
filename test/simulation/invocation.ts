import { memoryBreaker } from '../../lib/breaker.ts';
import { sqsDeadLetters } from '../../lib/dead-letter/sqs.ts';
import { invocationDeadlines } from '../../lib/deadline.ts';
import { connectDoris } from '../../lib/doris/client.ts';
import { parseRedirectHosts } from '../../lib/doris/redirect-policy.ts';
import { deadLettersInTime, ledgerInTime } from '../../lib/in-time.ts';
import { type LoadRules, loadBatch } from '../../lib/pipeline.ts';
import type { Ports } from '../../lib/settle/run.ts';
import { decodeKinesisEvent } from '../../lib/source/kinesis.ts';
import type { LoaderEvent } from '../../lib/telemetry.ts';
import { bytes, hours, mebibytes, millis } from '../../lib/units.ts';
import { type Cluster, FRONTENDS } from './doris/cluster.ts';
import { CROWDED_OUT_AFTER } from './doris/transactions.ts';
import { wiresFor } from './doris/wires.ts';
import { ledgerFor, type SharedLedger } from './ledger.ts';
import type { Machine } from './machine.ts';
import { queueFor } from './queue.ts';
import { DATABASE, tableName } from './truth.ts';
import { CLOCK_ERROR, CONNECT_TIMEOUT, type World } from './world.ts';

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
  };
  const ports: Ports = {
    clock,
    doris: connectDoris(settings, clock, wiresFor(machine, world, cluster)),
    ledger: ledgerFor(machine, world, ledger),
    deadLetters: sqsDeadLetters({ client: queueFor(machine, world), queueUrl: 'https://queue', maxBytes: mebibytes(1) }, clock),
    breaker: memoryBreaker(clock),
    telemetry: { record: (event) => tell(machine, world, event) },
  };
  return async (event) => {
    const deadlines = invocationDeadlines(millis(scenario.timeout), clock);
    const inTime = {
      ...ports,
      ledger: ledgerInTime(ports.ledger, deadlines.ledger, clock),
      deadLetters: deadLettersInTime(ports.deadLetters, deadlines.letters, clock),
    };
    for (const batch of decodeKinesisEvent(event, DECODE)) {
      const settlement = await loadBatch(batch, inTime, rulesOf(world), deadlines.loads);
      if (settlement.kind === 'unsettled') return settlement.from;
    }
    return undefined;
  };
}

function tell(machine: Machine, world: World, event: LoaderEvent): void {
  if (event.kind === 'load') world.figures.loads += 1;
  world.trace(machine.actor.name, () => JSON.stringify({ ...event, source: undefined }));
}

const DECODE = { maxRowBytes: bytes(10_000), maxBatchBytes: mebibytes(1), keepFields: ['t'], longNumbers: 'keep' } as const;

/** In the end somebody looks at rows that are bad without end, and takes the fuse out. */
function rulesOf({ scenario, faults }: World): LoadRules {
  const rules = Array.from({ length: scenario.tables }, (_, index) => ({
    field: 't',
    equals: index,
    target: { database: DATABASE, table: tableName(index) },
  }));
  const only = { rules: [], defaultTarget: { database: DATABASE, table: tableName(0) }, maxRowBytes: DECODE.maxRowBytes };
  return {
    routing: scenario.tables === 1 ? only : { rules, maxRowBytes: DECODE.maxRowBytes },
    labelPrefix: 'sim',
    limits: { maxRows: scenario.maxRows, maxBytes: bytes(scenario.maxBytes) },
    fuseShare: faults.isCalm() ? 1 : scenario.fuseShare,
    fuseRows: scenario.fuseRows,
    isolationLoads: scenario.isolationLoads,
    attemptGrace: millis(CONNECT_TIMEOUT + 2 * CLOCK_ERROR),
    labelMemory: { longest: hours(12), shortest: millis(CROWDED_OUT_AFTER - 2 * CLOCK_ERROR), transactions: scenario.labelThreshold },
    onUnverifiable: 'wait',
    positionColumns: {},
  };
}
