import type { Deadline } from '../deadline.ts';
import { grouped } from '../grouped.ts';
import { type Routing, routerOf, targetName } from '../plan/route.ts';
import type { PositionCount, Span, Target, Told } from '../ports.ts';
import { spanOf } from '../settle/shard-rows.ts';
import { type DecodeRules, decodeKinesisEvent } from '../source/kinesis.ts';
import type { Position } from '../source/position.ts';
import type { KinesisShard } from '../source/record.ts';
import type { EventRecord, RecordReader } from '../source/stream.ts';
import { type Period, recordsBetween } from './replay.ts';

/** What a reconciliation needs. */
export interface Reconciliation {
  readonly streams: RecordReader;
  readonly decode: DecodeRules;
  readonly routing: Routing;
  /** The columns by which the table is asked. */
  readonly columns: { readonly source: string; readonly shard: string; readonly position: string };
  readonly count: (target: Target, span: Span, deadline: Deadline) => Promise<Told<PositionCount>>;
  readonly deadline: Deadline;
}

/** What one shard's records of a period are in one table. */
export interface Reconciled {
  readonly shard: string;
  readonly target: string;
  /** Rows that the stream's records make. */
  readonly expected: number;
  readonly missing: readonly Position[];
  readonly doubled: readonly { readonly position: Position; readonly rows: number }[];
}

/** The table did not tell what was asked. */
export class NotTold extends Error {
  override readonly name = 'NotTold';
}

/**
 * Holds the records of one shard against the tables that they belong to, position by position. Records that are no rows are left out: they
 * are dead letters.
 * @throws {NotTold}
 */
export async function reconcileShard(all: Reconciliation, source: KinesisShard, period: Period): Promise<readonly Reconciled[]> {
  const rows: ExpectedRow[] = [];
  for await (const page of recordsBetween(all.streams, source, period)) rows.push(...expectedOf(all, source, page));
  const results: Reconciled[] = [];
  for (const group of grouped(rows, ({ target }) => targetName(target))) {
    const [first] = group;
    const positions = group.map(({ position }) => position);
    if (first !== undefined) results.push(await reconcileTable(all, source, first.target, positions));
  }
  return results;
}

interface ExpectedRow {
  readonly target: Target;
  readonly position: Position;
}

function expectedOf({ decode, routing }: Reconciliation, source: KinesisShard, Records: readonly EventRecord[]): ExpectedRow[] {
  const batches = decodeKinesisEvent({ Records }, decode);
  if (batches.some(({ leftFrom }) => leftFrom !== undefined))
    throw new NotTold(`a page of ${source.shard} unpacks to more than MAX_BATCH_BYTES`);
  const route = routerOf(routing, source);
  return batches
    .flatMap(({ records }) => records)
    .flatMap((decoded) => {
      const target = decoded.kind === 'row' ? route(decoded) : undefined;
      return target === undefined ? [] : [{ target, position: decoded.record.position }];
    });
}

async function reconcileTable(
  all: Reconciliation,
  source: KinesisShard,
  target: Target,
  positions: readonly Position[],
): Promise<Reconciled> {
  const missing: Position[] = [];
  const doubled: { position: Position; rows: number }[] = [];
  const open = [positions];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const [first] = part;
    const last = part.at(-1);
    if (first === undefined || last === undefined) continue;
    const { rows, distinct } = await counted(all, source, target, first, last);
    if (rows === part.length && distinct === part.length) continue;
    if (rows === 0) missing.push(...part);
    else if (part.length === 1) doubled.push({ position: first, rows });
    else {
      const middle = Math.ceil(part.length / 2);
      open.push(part.slice(middle), part.slice(0, middle));
    }
  }
  return { shard: source.shard, target: targetName(target), expected: positions.length, missing, doubled };
}

async function counted(
  { columns, count, deadline }: Reconciliation,
  source: KinesisShard,
  target: Target,
  first: Position,
  last: Position,
) {
  const told = await count(target, spanOf(columns, source, first, last), deadline);
  if (told.kind !== 'told') throw new NotTold(`${targetName(target)} cannot be counted: ${told.reason}`);
  return told.value;
}
