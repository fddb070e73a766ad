import type { Item } from '../../lib/ledger/item.ts';
import { type ListedCheckpoint, type Listing, listLedger, type Scope } from '../../lib/ledger/listing.ts';
import type { KinesisShard } from '../../lib/source/record.ts';
import { describeStream } from '../../lib/source/shards.ts';
import { asked, openDynamoDb, openKinesis } from '../aws.ts';
import type { Session } from '../session.ts';

/** Which checkpoints are meant; those of the loader when nothing is said. */
export interface Selection {
  /** Name or ARN. */
  readonly stream?: string;
  readonly shard?: string;
  /** `database.table`, or the table alone. */
  readonly table?: string;
  readonly allLoaders?: boolean;
}

/** From so many items on a person should know why it takes long. */
const MANY = 1_000;

/**
 * Reads the ledger of the settings: the shards of the streams that are named, by their keys; otherwise the whole table.
 * @param onOther - told every item that belongs to no listing, such as those of redriven records.
 * @throws {CommandError}
 */
export async function readLedger(
  { settings, output }: Session,
  wanted: Wanted,
  onOther?: (item: Item) => void,
): Promise<Listing & { readonly of: string }> {
  const { LEDGER_TABLE, LABEL_PREFIX } = settings('LEDGER_TABLE', 'LABEL_PREFIX');
  const { allLoaders = false } = wanted;
  const scope = await scopeOf(LABEL_PREFIX, wanted);
  let items = 0;
  const onPage = (read: number): void => {
    items = read;
    output.progress(`${read.toLocaleString('en-US')} items of the ledger read`);
  };
  const listing = await asked(`ledger table ${LEDGER_TABLE}`, listLedger(openDynamoDb(), LEDGER_TABLE, scope, onPage, onOther));
  if (scope.kind !== 'shards' && items >= MANY)
    output.note(`all ${items.toLocaleString('en-US')} items of ${LEDGER_TABLE} were read, since no --stream says which are wanted`);
  return { ...listing, of: `${allLoaders ? 'any loader' : `loader ${LABEL_PREFIX}`} in ${LEDGER_TABLE}` };
}

/** What is to be read of the ledger. */
interface Wanted {
  readonly allLoaders?: boolean;
  /** Names or ARNs of streams; none for whatever there is. */
  readonly streams?: readonly string[];
  /** Of these streams only one shard, as the stream names it. */
  readonly shard?: string;
}

/** Where the ledger is read: by its keys where streams are named. @throws {CommandError} */
export async function scopeOf(loader: string, { allLoaders = false, streams = [], shard }: Wanted): Promise<Scope> {
  if (allLoaders) return { kind: 'everything' };
  if (streams.length === 0) return { kind: 'loader', loader };
  const shards = await Promise.all(streams.map((stream) => shardsNamed(stream, shard)));
  return { kind: 'shards', loader, shards: shards.flat() };
}

/** A full name needs no stream that still exists. */
async function shardsNamed(stream: string, shard: string | undefined): Promise<readonly KinesisShard[]> {
  if (stream.startsWith('arn:') && shard?.startsWith('shardId-'))
    return [{ kind: 'kinesis', stream, streamName: stream.slice(stream.lastIndexOf('/') + 1), shard }];
  const { arn, name, shards } = await asked(`stream ${stream}`, describeStream(openKinesis(), stream));
  return shards.map((one) => ({ kind: 'kinesis', stream: arn, streamName: name, shard: one.shard }));
}

/** What a selection says about reading. */
export function wantedBy({ allLoaders = false, stream, shard }: Selection): Wanted {
  return { allLoaders, ...(stream === undefined ? {} : { streams: [stream] }), ...(shard === undefined ? {} : { shard }) };
}

/** A shard into a table, of Kinesis or of Iggy. */
interface Place {
  /** ARN, or `stream/topic`. */
  readonly stream: string;
  readonly shard: string;
  readonly target: string;
}

/** Whether a place is one of those that are meant. A stream may be called by its name, a shard by its number. */
export function isSelected(place: Place, { stream, shard, table }: Selection): boolean {
  return (
    (stream === undefined || stream === place.stream || stream === place.stream.slice(place.stream.lastIndexOf('/') + 1)) &&
    (shard === undefined || shard === place.shard || /^shardId-0*(\d+)$/.exec(place.shard)?.[1] === shard) &&
    (table === undefined || table === place.target || place.target.endsWith(`.${table}`))
  );
}

/** The place of a checkpoint. */
export function placeOf({ source, target }: ListedCheckpoint): Place {
  return { stream: source.stream, shard: source.shard, target };
}
