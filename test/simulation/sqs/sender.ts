import type { Actor } from '../faults.ts';
import { between } from '../random.ts';
import type { TrueRecord } from '../truth.ts';
import type { World } from '../world.ts';
import type { Queue } from './queue.ts';
import type { QueueScenario } from './scenario.ts';

/** What http_sink posts: the endpoint makes one message of it. */
interface Body {
  readonly text: string;
  readonly records: readonly number[];
  readonly group: string | undefined;
  readonly at: number;
}

const HOUR = 3_600_000;

/** Sends a topic's messages as the connector does, in order, and some of them again. */
export function startSender(world: World, scenario: QueueScenario, queue: Queue): void {
  const { faults, scheduler, truth } = world;
  const sink = faults.actor('sink');
  const post = ({ text, records, group }: Body, at: number): void => {
    const when = Math.ceil(at);
    queue.expect(when);
    scheduler.at(when, () => queue.send({ text, records, group }));
  };
  const postLater = (body: Body): void => post(body, body.at + oneOfSpans(sink.draw()) * sink.draw());
  const sendPoll = (poll: readonly TrueRecord[], log: readonly TrueRecord[], partition: number): void => {
    for (const body of bodiesOf(poll, scenario, partition)) {
      post(body, body.at);
      if (faults.strikes('sink-repeat', sink)) postLater(body);
    }
    if (faults.strikes('sink-shift', sink)) bodiesOf(shifted(poll, log, sink), scenario, partition).forEach(postLater);
  };
  for (const [partition, { records }] of scenario.shards.entries()) {
    const log = records.flatMap(({ n }) => truth.records.get(n) ?? []);
    for (const poll of pollsOf(log, scenario)) sendPoll(poll, log, partition);
  }
}

/** A range about where a poll begins. */
function shifted([first]: readonly TrueRecord[], log: readonly TrueRecord[], { draw }: Actor): readonly TrueRecord[] {
  const from = Math.max(0, log.findIndex(({ n }) => n === first?.n) + between(draw, -3, 3));
  return log.slice(from, from + between(draw, 1, 8));
}

/** At the same time, seconds, minutes, or longer than Doris remembers a label. */
function oneOfSpans(luck: number): number {
  if (luck < 0.25) return 300;
  if (luck < 0.5) return 20_000;
  return luck < 0.8 ? HOUR / 4 : 30 * HOUR;
}

/** What one poll brings, as drawn: the same records begin a poll whatever else is left out. */
function pollsOf(log: readonly TrueRecord[], { cuts }: QueueScenario): TrueRecord[][] {
  const polls: TrueRecord[][] = [];
  for (const record of log) {
    const last = polls.at(-1);
    if (last === undefined || cuts.has(record.n)) polls.push([record]);
    else last.push(record);
  }
  return polls;
}

function bodiesOf(poll: readonly TrueRecord[], scenario: QueueScenario, partition: number): Body[] {
  const misfits = poll.filter(({ nature }) => nature === 'misfit');
  const fitting = poll.filter(({ nature }) => nature !== 'misfit');
  const bodyOf = (records: readonly TrueRecord[], text: string): Body => ({
    text,
    records: records.map(({ n }) => n),
    group: groupOf(scenario, partition),
    at: Math.max(...records.map(({ arrivesAt }) => arrivesAt)),
  });
  const texts = (records: readonly TrueRecord[]) => records.map((record) => envelopeOf(record, scenario));
  const whole = (text: string): Body[] => (fitting.length === 0 ? [] : [bodyOf(fitting, text)]);
  const strange = misfits.map((record) => bodyOf([record], record.payload));
  switch (scenario.batchMode) {
    case 'individual':
      return [...fitting.map((record) => bodyOf([record], envelopeOf(record, scenario))), ...strange];
    case 'json_array':
      return [...whole(`[${texts(fitting)}]`), ...strange];
    case 'ndjson':
      return [
        ...whole(
          texts(fitting)
            .map((text) => `${text}\n`)
            .join(''),
        ),
        ...strange,
      ];
    default:
      return scenario.batchMode satisfies never;
  }
}

function groupOf({ queue, groups }: QueueScenario, partition: number): string | undefined {
  if (queue === 'standard') return undefined;
  return groups === 'one' ? 'iggy' : `partition ${partition}`;
}

/** What http_sink writes of a message; the schema of the payload is drawn by its number. */
function envelopeOf({ n, nature, payload }: TrueRecord, { identities }: QueueScenario): string {
  const identity = identities.get(n);
  if (identity === undefined) throw new TypeError(`record ${n} has no identity`);
  const { partition, offset, id, timestamp } = identity;
  const metadata = `"iggy_id":"${id}","iggy_offset":${offset},"iggy_partition_id":${partition},"iggy_stream":"shop","iggy_timestamp":${timestamp},"iggy_topic":"orders"`;
  return `{"metadata":{${metadata}},"payload":${spelled(payload, nature === 'broken' ? 1 + (n % 2) : n % 3)}}`;
}

function spelled(payload: string, schema: number): string {
  if (schema === 0) return payload;
  if (schema === 1) return JSON.stringify(payload);
  return `{"data":"${Buffer.from(payload).toString('base64')}","iggy_payload_encoding":"base64"}`;
}
