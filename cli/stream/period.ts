import type { Period } from '../../lib/redrive/replay.ts';
import type { KinesisShard } from '../../lib/source/record.ts';
import { describeStream } from '../../lib/source/shards.ts';
import { epochMillis } from '../../lib/units.ts';
import { asked, openKinesis } from '../aws.ts';
import { wrongInput } from '../errors.ts';

/** Options that name a period of a stream. */
export interface PeriodOptions {
  readonly stream?: string;
  readonly from?: string;
  readonly to?: string;
  readonly shard?: readonly string[];
}

/** @throws {CommandError} naming the option and what is allowed. */
export function periodOf({ from, to }: PeriodOptions): Period {
  const period = { from: momentOf('--from', from), to: to === undefined ? epochMillis(Date.now()) : momentOf('--to', to) };
  if (period.from > period.to) throw wrongInput(`--from ${from} lies behind ${to === undefined ? 'the present' : `--to ${to}`}`);
  return period;
}

function momentOf(option: string, text: string | undefined) {
  if (text === undefined) throw wrongInput(`${option} is missing: a time like 2026-11-21T03:00:00Z`);
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw wrongInput(`${option} must be a time like 2026-11-21T03:00:00Z, or a day (given ${JSON.stringify(text)})`);
  return epochMillis(at);
}

/** The shards that are meant, closed ones too. @throws {CommandError} */
export async function shardsOf({ stream, shard: wanted }: PeriodOptions): Promise<readonly KinesisShard[]> {
  if (stream === undefined) throw wrongInput('--stream is missing: the name or ARN of a Kinesis stream');
  const kinesis = openKinesis();
  try {
    const { arn, name, shards } = await asked(`stream ${stream}`, describeStream(kinesis, stream));
    const known = shards.map(({ shard }) => shard);
    const unknown = wanted?.find((shard) => !known.includes(shard));
    if (unknown !== undefined) throw wrongInput(`--shard ${unknown}: ${name} has ${known.join(', ')}`);
    return (wanted ?? known).map((shard) => ({ kind: 'kinesis', stream: arn, streamName: name, shard }));
  } finally {
    kinesis.destroy();
  }
}
