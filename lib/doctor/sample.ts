import { type Routing, routerOf, targetName } from '../plan/route.ts';
import type { Target } from '../ports.ts';
import { kinesisPosition } from '../source/position.ts';
import type { Row, SourceShard } from '../source/record.ts';
import { sliceOf } from '../source/slice.ts';
import { epochMillis } from '../units.ts';

/** One JSON object of a sample, with the number of its line. */
export interface SampleRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The object as it stands in the file. */
  readonly text: string;
}

/** Rows to compare with tables, and the streams that they may be of, by name or ARN. */
export interface Sample {
  readonly samples: readonly SampleRow[];
  readonly streams: readonly string[];
}

/** The rows that a loader sends to a table, which gets every row where it is the only one. Without a stream no rule that names one applies. */
export function samplesFor(target: Target, { samples, streams }: Sample, routing: Routing, isOnly: boolean): readonly SampleRow[] {
  if (isOnly) return samples;
  const routers = (streams.length === 0 ? [''] : streams).map((stream) => routerOf(routing, sourceOf(stream, routing)));
  return samples.filter((row) => {
    const record = recordOf(row);
    return routers.some((route) => targetName(route(record)) === targetName(target));
  });
}

/** A rule may name a stream by its ARN, a person by its name. */
function sourceOf(stream: string, { rules }: Routing): SourceShard {
  const named = rules.find((rule) => rule.stream?.startsWith('arn:') && rule.stream.endsWith(`/${stream}`))?.stream;
  return { kind: 'kinesis', stream: named ?? stream, streamName: stream.slice(stream.lastIndexOf('/') + 1), shard: '' };
}

function recordOf({ text, fields }: SampleRow): Row {
  const payload = sliceOf(Buffer.from(text));
  const record = { position: kinesisPosition('0'), itemIdentifier: '', arrivedAt: epochMillis(0), payload };
  return { kind: 'row', record, line: payload, fields };
}
