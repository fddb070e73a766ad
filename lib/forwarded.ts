import { DeadLettersUnavailable } from './dead-letter/letter.ts';
import type { Deadline } from './deadline.ts';
import { inLanes } from './in-lanes.ts';
import type { LoadRules } from './pipeline.ts';
import { type Routing, routerOf, targetName } from './plan/route.ts';
import { type ForwardedMessage, NOWHERE } from './source/iggy.ts';
import type { Position } from './source/position.ts';
import type { Batch, DecodedRecord, IggyPartition, SourceRecord } from './source/record.ts';
import { sliceOf } from './source/slice.ts';
import { epochMillis, millis } from './units.ts';
import type { GroupPorts } from './unordered/passage.ts';
import { settleShare } from './unordered/settle-share.ts';

/** A message that has to come again. */
export interface UnsettledMessage {
  readonly message: ForwardedMessage;
  readonly reason: string;
  /** Receives of the message that it waits for: its own, or those of the first that its group waits for. */
  readonly patience: number;
}

/** Partitions that are under way at once in one invocation: each may wait for the ledger and for Doris. */
const LANES = 8;

/**
 * Carries the messages of one SQS event to their tables: each record is in Doris, or with the dead letters, or comes again with its message.
 * Messages of a standard queue are settled together, so that many small ones make few loads. Of a FIFO group, the messages from the first
 * unsettled one on come again.
 * @throws {ContractViolation} see {@link settleTable}; what is under way is finished first.
 */
export async function loadMessages(
  messages: readonly ForwardedMessage[],
  ports: GroupPorts,
  rules: LoadRules,
  deadline: Deadline,
): Promise<readonly UnsettledMessage[]> {
  const load = loaderOf(ports, rules, deadline);
  const groups = new Map<string, ForwardedMessage[]>();
  for (const message of messages)
    if (message.group !== undefined) groups.set(message.group, [...(groups.get(message.group) ?? []), message]);
  const free = messages.filter(({ group }) => group === undefined);
  const ends = await inLanes([...groups.values()], LANES, (group) => loadInOrder(group, load, rules.routing));
  return [...(await load(free, false)), ...ends.flat()];
}

/** Loads messages together. @returns those that are not settled. */
type Load = (messages: readonly ForwardedMessage[], inOrder: boolean) => Promise<readonly UnsettledMessage[]>;

/** Runs of messages that settle with one load are loaded together, and the group stops behind the first that is not settled. */
async function loadInOrder(group: readonly ForwardedMessage[], load: Load, routing: Routing): Promise<readonly UnsettledMessage[]> {
  const ways = group.map((message) => wayOf(message, routing));
  for (let from = 0; from < group.length; ) {
    const next = ways.findIndex((way, index) => index > from && (way === undefined || way !== ways[from]));
    const to = next === -1 ? group.length : next;
    const together = group.slice(from, to);
    const unsettled = await load(together, true);
    const [first] = unsettled;
    if (first !== undefined) {
      const at = Math.min(...unsettled.map(({ message }) => group.indexOf(message)));
      const patience = group[at]?.receives ?? 1;
      const reasons = new Map(unsettled.map(({ message, reason }) => [message, reason]));
      return group.slice(at).map((message) => ({ message, reason: reasons.get(message) ?? first.reason, patience }));
    }
    from = to;
  }
  return [];
}

/** The way of a message whose records all go one: rows of one partition to one table, or poison of it. Any other has none of its own. */
function wayOf({ content }: ForwardedMessage, routing: Routing): string | undefined {
  const batches = content.kind === 'batches' ? content.batches : [];
  const [way, ...others] = new Set(
    batches.flatMap(({ source, records }) => {
      const route = routerOf(routing, source);
      return records.map((record) => `${record.kind} ${targetName(route(record))} ${nameOf(source)}`);
    }),
  );
  return others.length === 0 ? way : undefined;
}

function nameOf({ kind, stream, streamName, shard }: Batch['source']): string {
  return JSON.stringify([kind, stream, streamName, shard]);
}

function loaderOf(ports: GroupPorts, rules: LoadRules, deadline: Deadline): Load {
  return async (messages, inOrder) => {
    const refused = await refuse(messages, ports);
    const shares = sharesOf(inOrder ? messages : messages.toSorted(byTime));
    const reasons = new Map<SourceRecord, string>();
    await inLanes([...shares.values()], LANES, async (share) => {
      const { source, records } = share;
      const started = ports.clock.elapsed();
      const unsettled = await settleShare({ source, ports, rules, deadline }, records, inOrder);
      for (const [record, reason] of unsettled) reasons.set(record, reason);
      tell(ports, share, unsettled, millis(ports.clock.elapsed() - started));
    });
    return messages.flatMap((message) => {
      const reason = refused.get(message) ?? reasonOf(message, shares, reasons);
      return reason === undefined ? [] : [{ message, reason, patience: message.receives }];
    });
  };
}

/** Hands bodies that fit no shape to the dead letters. @returns messages that come again without having been looked at, or without their letter. */
async function refuse(messages: readonly ForwardedMessage[], ports: GroupPorts): Promise<ReadonlyMap<ForwardedMessage, string>> {
  const reasons = new Map<ForwardedMessage, string>();
  for (const message of messages) {
    if (message.content.kind === 'left') reasons.set(message, 'the event would outgrow memory');
    if (message.content.kind !== 'contract') continue;
    try {
      await buryBody(message, message.content, ports);
    } catch (error) {
      if (!(error instanceof DeadLettersUnavailable)) throw error;
      reasons.set(message, error.message);
    }
  }
  return reasons;
}

async function buryBody({ messageId, sentAt }: ForwardedMessage, { body, reason }: Misfit, ports: GroupPorts): Promise<void> {
  const { clock, deadLetters, telemetry } = ports;
  const fault = { errorClass: 'contract', reason: `SQS message ${messageId}: ${reason}` } as const;
  const record = { position: NO_POSITION, itemIdentifier: messageId, arrivedAt: sentAt, payload: sliceOf(body) };
  await deadLetters.send([{ fault, source: NOWHERE, record, target: '-', failedAt: clock.now() }]);
  telemetry.record({ kind: 'dead-lettered', source: NOWHERE, target: '-', errorClass: 'contract', records: 1 });
}

type Misfit = Extract<ForwardedMessage['content'], { kind: 'contract' }>;

const NO_POSITION = '-' as Position;

/** Standard queues keep no order; that of the broker is the best there is. */
function byTime(a: ForwardedMessage, b: ForwardedMessage): number {
  return timeOf(a) - timeOf(b);
}

function timeOf({ content }: ForwardedMessage): number {
  return content.kind === 'batches' ? (content.batches[0]?.records[0]?.record.arrivedAt ?? 0) : 0;
}

/** The records of one partition, each once however many messages bring it. */
interface Share {
  readonly source: IggyPartition;
  readonly records: DecodedRecord[];
  readonly known: Map<string, SourceRecord>;
  duplicates: number;
  isUnordered: boolean;
}

function sharesOf(messages: readonly ForwardedMessage[]): ReadonlyMap<string, Share> {
  const shares = new Map<string, Share>();
  const batches = messages.flatMap(({ content }) => (content.kind === 'batches' ? content.batches : []));
  for (const batch of batches) {
    if (batch.source.kind !== 'iggy') continue;
    const key = nameOf(batch.source);
    const share = shares.get(key) ?? { source: batch.source, records: [], known: new Map(), duplicates: 0, isUnordered: false };
    shares.set(key, share);
    addTo(share, batch);
  }
  return shares;
}

function addTo(share: Share, { records, duplicates }: Batch): void {
  share.duplicates += duplicates;
  let last: Position | undefined;
  for (const decoded of records) {
    const name = identityOf(decoded.record);
    if (share.known.has(name)) share.duplicates++;
    else {
      share.known.set(name, decoded.record);
      share.records.push(decoded);
    }
    if (last !== undefined && decoded.record.position <= last) share.isUnordered = true;
    last = decoded.record.position;
  }
}

function identityOf({ position, iggy }: SourceRecord): string {
  return `${position} ${iggy?.id} ${iggy?.timestamp}`;
}

/** A message is settled when all of its records are, whichever message they were settled with. */
function reasonOf(
  message: ForwardedMessage,
  shares: ReadonlyMap<string, Share>,
  reasons: ReadonlyMap<SourceRecord, string>,
): string | undefined {
  if (message.content.kind !== 'batches') return undefined;
  for (const { source, records } of message.content.batches) {
    const share = shares.get(nameOf(source));
    for (const { record } of records) {
      const settledAs = share?.known.get(identityOf(record));
      const reason = settledAs === undefined ? 'not settled' : reasons.get(settledAs);
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

function tell(
  { telemetry }: GroupPorts,
  share: Share,
  unsettled: ReadonlyMap<SourceRecord, string>,
  took: ReturnType<typeof millis>,
): void {
  const { source, records, duplicates, isUnordered } = share;
  if (duplicates > 0) telemetry.record({ kind: 'duplicates-absorbed', source, target: '-', records: duplicates });
  if (isUnordered) telemetry.record({ kind: 'offsets-unordered', source });
  const arrivals = records.map(({ record }) => record.arrivedAt);
  const waiting = [...unsettled.keys()].map(({ arrivedAt }) => arrivedAt);
  const newest = waiting.length === 0 ? Math.max(...arrivals) : Math.min(...waiting);
  const counts = { records: records.length, tables: 1, unsettled: unsettled.size };
  telemetry.record({ kind: 'batch', source, ...counts, ...(records.length === 0 ? {} : { settledArrival: epochMillis(newest) }), took });
}
