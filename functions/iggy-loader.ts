import type { Context, SQSBatchResponse } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { invocationDeadlines } from '../lib/deadline.ts';
import { loadMessages } from '../lib/forwarded.ts';
import { groupsInTime, portsInTime } from '../lib/in-time.ts';
import { dynamoGroups } from '../lib/ledger/dynamodb-groups.ts';
import type { GroupLedger } from '../lib/ledger/group.ts';
import { hideUnsettled } from '../lib/queue/hide.ts';
import { sqsVisibility } from '../lib/queue/sqs-visibility.ts';
import type { Visibility } from '../lib/queue/visibility.ts';
import { decodeSqsEvent } from '../lib/source/iggy.ts';
import { millis } from '../lib/units.ts';
import { type Wiring, wire } from './wire.ts';

interface Loader extends Wiring {
  readonly ledger: GroupLedger;
  readonly visibility: Visibility;
}

function wireLoader(): Loader {
  const wiring = wire();
  const { config, dynamoDb, sqs, telemetry } = wiring;
  return {
    ...wiring,
    ledger: dynamoGroups(dynamoDb, config.ledgerTable, systemClock),
    visibility: sqsVisibility(sqs, telemetry),
  };
}

/** Wired once per cold start. A configuration error is told by every invocation until it is mended. */
let loader: Loader | undefined;

/**
 * Lambda handler for SQS messages, standard or FIFO, that Apache Iggy's http_sink has sent, with `ReportBatchItemFailures`.
 * @returns the ids of the messages that are not settled; of a FIFO group, all from the first of them on.
 * @throws {ConfigError} naming every faulty setting. @throws {ContractViolation} when a rule that exactly-once rests on is broken.
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SQSBatchResponse> {
  loader ??= wireLoader();
  const { config, telemetry, ledger, visibility } = loader;
  const deadlines = invocationDeadlines(millis(context.getRemainingTimeInMillis()), systemClock);
  const ports = { ...portsInTime(loader.ports, deadlines), ledger: groupsInTime(ledger, deadlines.ledger, systemClock) };
  try {
    const messages = decodeSqsEvent(event, { ...config.decode, ...config.iggy });
    const unsettled = await loadMessages(messages, ports, config.load, deadlines.loads);
    await hideUnsettled(unsettled, { visibility, telemetry, clock: systemClock, longest: config.iggy.longestHidden }, deadlines.ledger);
    return { batchItemFailures: unsettled.map(({ message }) => ({ itemIdentifier: message.messageId })) };
  } finally {
    telemetry.flush();
  }
}
