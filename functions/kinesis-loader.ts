import type { Context, KinesisStreamBatchResponse } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { invocationDeadlines } from '../lib/deadline.ts';
import { ledgerInTime, portsInTime } from '../lib/in-time.ts';
import type { Ledger } from '../lib/ledger/checkpoint.ts';
import { dynamoLedger } from '../lib/ledger/dynamodb.ts';
import { loadBatch } from '../lib/pipeline.ts';
import { decodeKinesisEvent } from '../lib/source/kinesis.ts';
import { millis } from '../lib/units.ts';
import { type Wiring, wire } from './wire.ts';

interface Loader extends Wiring {
  readonly ledger: Ledger;
}

function wireLoader(): Loader {
  const wiring = wire();
  return { ...wiring, ledger: dynamoLedger(wiring.dynamoDb, wiring.config.ledgerTable, systemClock) };
}

/** Wired once per cold start. A configuration error is told by every invocation until it is mended. */
let loader: Loader | undefined;

/**
 * Lambda handler for a Kinesis event source with `ReportBatchItemFailures`.
 * @returns for each shard of the event that is not settled, the sequence number from which Lambda has to bring it again.
 * @throws {ConfigError} naming every faulty setting. @throws {ContractViolation} when a rule that exactly-once rests on is broken.
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<KinesisStreamBatchResponse> {
  loader ??= wireLoader();
  const { config, telemetry, ledger } = loader;
  const deadlines = invocationDeadlines(millis(context.getRemainingTimeInMillis()), systemClock);
  const ports = { ...portsInTime(loader.ports, deadlines), ledger: ledgerInTime(ledger, deadlines.ledger, systemClock) };
  try {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const batch of decodeKinesisEvent(event, config.decode)) {
      const settlement = await loadBatch(batch, ports, config.load, deadlines.loads);
      if (settlement.kind === 'unsettled') batchItemFailures.push({ itemIdentifier: settlement.from });
    }
    return { batchItemFailures };
  } finally {
    telemetry.flush();
  }
}
