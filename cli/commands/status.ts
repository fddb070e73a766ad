import type { Listing } from '../../lib/ledger/listing.ts';
import { spanText } from '../../lib/span-text.ts';
import { openKinesis } from '../aws.ts';
import { wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { readLedger } from '../ledger/select.ts';
import type { Paint } from '../output.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { breakerText } from '../status/breaker.ts';
import { gatherStream, type StreamStatus } from '../status/gather.ts';
import { type PartitionLine, partitionFindings, partitionLines, partitionTable } from '../status/partitions.ts';
import { reportOf, type StatusLine, type StatusReport } from '../status/report.ts';
import { tableText } from '../table.ts';
import { shortPosition } from '../words.ts';

/** `status` */
export const registerStatus: Register = (command, act) => {
  command
    .option('--stream <name or ARN...>', 'only these streams, found in the ledger by their keys; without it the whole ledger table is read')
    .option('--all-loaders', 'other loaders of the same ledger table too')
    .addHelpText(
      'after',
      `
"behind" is the age of the oldest record that is not settled, "left" the time until the stream drops it. Both are those of the worst shard in
the last line, never a sum. Ends with 1 when something is worth looking at.
${examples('status --config loader.env', 'status --stream orders --json | jq .worst')}`,
    )
    .action(act(status));
};

interface Options {
  readonly stream?: readonly string[];
  readonly allLoaders?: boolean;
}

async function status(session: Session, { stream: named = [], allLoaders = false }: Options): Promise<ExitCode> {
  const listing = await readLedger(session, { allLoaders, streams: named });
  const known = new Set(listing.checkpoints.map(({ source }) => source.stream));
  const wanted = [...known, ...named.filter((name) => ![...known].some((arn) => arn === name || arn.endsWith(`/${name}`)))];
  const partitions = partitionLines(listing.groups, listing.outages, Date.now());
  if (wanted.length === 0 && partitions.length === 0 && listing.outages.length === 0)
    throw wrongInput(`there is no checkpoint of ${listing.of} yet; name a stream with --stream`);
  const kinesis = openKinesis();
  const streams: StreamStatus[] = [];
  for (const name of wanted) {
    session.output.progress(`reading ${name}`);
    streams.push(await gatherStream(kinesis, name, listing));
  }
  const { findings, ...report } = reportOf(streams, Date.now());
  const more = [...otherOutages(listing, report.lines), ...partitionFindings(partitions)];
  const all = { ...report, partitions, findings: [...findings, ...more] };
  session.output.result(all, (paint) => reportText(all, paint));
  return all.findings.length === 0 ? EXIT.done : EXIT.amiss;
}

/** Of tables that no line is about: those of Iggy, and those into which nothing was ever settled. */
function otherOutages({ outages }: Listing, lines: readonly StatusLine[]): readonly string[] {
  const others = outages.filter(({ loader, target }) => !lines.some((line) => line.loader === loader && line.target === target));
  return others.map((outage) => `loader ${outage.loader} -> ${outage.target}: ${breakerText(outage, Date.now())}`);
}

const HEAD = [
  'loader',
  'stream',
  'shard',
  'table',
  'settled through',
  'claim',
  'behind',
  'left',
  'rows',
  'loads',
  'dead letters',
  'breaker',
];

type Everything = StatusReport & { readonly partitions: readonly PartitionLine[] };

function reportText({ lines, worst, partitions, findings }: Everything, paint: Paint): string {
  const behind = worst.behindMs === null ? 'unknown' : spanText(worst.behindMs);
  const left = worst.retentionLeftMs === null ? '' : `, ${spanText(worst.retentionLeftMs)} until the stream loses data`;
  return [
    ...(lines.length === 0 ? [] : [tableText(HEAD, lines.map(cellsOf)), '', paint('bold', `worst shard: ${behind} behind${left}`)]),
    ...(partitions.length === 0 ? [] : [partitionTable(partitions)]),
    ...(findings.length === 0 ? [paint('green', 'nothing is in the way')] : findings.map((finding) => paint('yellow', `! ${finding}`))),
  ].join('\n');
}

function cellsOf(line: StatusLine) {
  const { loader, stream, shard, state, target, through, claim, behindMs, retentionLeftMs, rows, loads, deadLetters, breaker } = line;
  return [
    loader ?? undefined,
    stream.slice(stream.lastIndexOf('/') + 1),
    state === 'open' ? shard : `${shard} (${state})`,
    target ?? undefined,
    through === null ? undefined : shortPosition(through),
    claim === null ? undefined : `${claim.state}, ${claim.rows} rows, ${spanText(claim.ageMs)}`,
    behindMs === null ? undefined : spanText(behindMs),
    retentionLeftMs === null ? undefined : spanText(retentionLeftMs),
    rows,
    loads,
    deadLetters,
    breaker === null ? undefined : `open ${spanText(breaker.openForMs)}: ${breaker.cause}`,
  ];
}
