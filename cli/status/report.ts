import { grouped } from '../../lib/grouped.ts';
import type { Checkpoint, Claim } from '../../lib/ledger/checkpoint.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { spanText } from '../../lib/span-text.ts';
import { counted, isoTime, waitText } from '../words.ts';
import { breakerOf, breakerText, type OpenBreaker } from './breaker.ts';
import type { ShardFacts, StreamStatus, TableFacts } from './gather.ts';

/** One shard's progress into one table. Spans are in milliseconds; `null` where there is nothing to tell. */
export interface StatusLine {
  readonly loader: string | null;
  readonly stream: string;
  readonly shard: string;
  readonly state: ShardFacts['state'];
  readonly target: string | null;
  readonly through: string | null;
  readonly claim: { readonly label: string; readonly state: Claim['state']['kind']; readonly rows: number; readonly ageMs: number } | null;
  /** Age of the oldest record that is not settled; 0 when there is none. */
  readonly behindMs: number | null;
  /** Until the stream drops that record. */
  readonly retentionLeftMs: number | null;
  readonly rows: number;
  readonly loads: number;
  readonly deadLetters: number;
  readonly updatedAt: string | null;
  readonly breaker: OpenBreaker | null;
}

/** All lines, the worst of them, and what a person should look at. */
export interface StatusReport {
  readonly lines: readonly StatusLine[];
  readonly worst: { readonly behindMs: number | null; readonly retentionLeftMs: number | null };
  readonly findings: readonly string[];
}

/** An open claim is resolved by the next delivery; older than this, there is none. */
const OLD_CLAIM_MS = 15 * 60_000;
/** Less of the retention than this share left is worth an alarm. */
const LITTLE_RETENTION = 0.25;

/** The report of what was gathered at the moment `now`. */
export function reportOf(streams: readonly StreamStatus[], now: number): StatusReport {
  const lines = streams.flatMap(({ stream, shards }) => shards.flatMap((shard) => linesOf(shard, stream, now)));
  const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
  const behind = known(lines.map(({ behindMs }) => behindMs));
  const left = known(lines.map(({ retentionLeftMs }) => retentionLeftMs));
  return {
    lines,
    worst: { behindMs: behind.length === 0 ? null : Math.max(...behind), retentionLeftMs: left.length === 0 ? null : Math.min(...left) },
    findings: streams.flatMap(({ isThere, stream, shards }) => [
      ...(isThere ? [] : [`${stream.arn}: there is no such stream in this account and region; what the ledger has of it is shown`]),
      ...outagesOf(shards, stream, now),
      ...shards.flatMap((shard) => findingsOf(shard, stream, now)),
    ]),
  };
}

type Stream = StreamStatus['stream'];

function linesOf(shard: ShardFacts, stream: Stream, now: number): readonly StatusLine[] {
  const place = { stream: stream.arn, shard: shard.shard, state: shard.state };
  if (shard.tables.length > 0) return shard.tables.map((table) => lineOf(table, place, stream, now));
  const nothing = {
    loader: null,
    target: null,
    through: null,
    claim: null,
    rows: 0,
    loads: 0,
    deadLetters: 0,
    updatedAt: null,
    breaker: null,
  };
  return [{ ...place, ...nothing, ...ageOf(shard.unread, stream, now) }];
}

function lineOf(table: TableFacts, place: Pick<StatusLine, 'stream' | 'shard' | 'state'>, stream: Stream, now: number): StatusLine {
  const { loader, target, checkpoint, totals, updatedAt, outage, waiting } = table;
  const { through, claim } = checkpoint;
  return {
    loader,
    ...place,
    target,
    through: through === undefined ? null : spellPosition(through),
    claim:
      claim === undefined
        ? null
        : { label: claim.label, state: claim.state.kind, rows: claim.rows, ageMs: Math.max(0, now - claim.claimedAt) },
    ...ageOf(waiting, stream, now),
    rows: totals.rows,
    loads: totals.loads,
    deadLetters: totals.deadLetters,
    updatedAt: isoTime(updatedAt),
    breaker: breakerOf(outage, now),
  };
}

function ageOf(waiting: TableFacts['waiting'], { retentionHours }: Stream, now: number): Pick<StatusLine, 'behindMs' | 'retentionLeftMs'> {
  if (waiting === undefined) return { behindMs: null, retentionLeftMs: null };
  if (waiting.next.kind !== 'record') return { behindMs: 0, retentionLeftMs: null };
  const behindMs = Math.max(0, now - waiting.next.arrivedAt);
  return { behindMs, retentionLeftMs: Math.max(0, retentionHours * 3_600_000 - behindMs) };
}

/** A breaker is one for all shards of a table. */
function outagesOf(shards: readonly ShardFacts[], stream: Stream, now: number): readonly string[] {
  const open = shards.flatMap(({ shard, tables }) =>
    tables.flatMap(({ loader, target, outage }) => (outage === undefined ? [] : [{ shard, loader, target, outage }])),
  );
  return grouped(open, ({ loader, target }) => `${loader} ${target}`).flatMap((same) =>
    same.slice(0, 1).map(({ shard, target, outage }) => {
      const where = same.length === 1 ? shard : counted(same.length, 'shard');
      return `${stream.name} ${where} -> ${target}: ${breakerText(outage, now)}`;
    }),
  );
}

function findingsOf(facts: ShardFacts, stream: Stream, now: number): readonly string[] {
  const where = `${stream.name} ${facts.shard}`;
  if (facts.tables.length === 0)
    return facts.unread?.next.kind === 'record'
      ? [
          `${where}: the stream has records there, the ledger has no checkpoint of it: nothing of it was ever settled - is the mapping enabled?`,
        ]
      : [];
  return facts.tables.flatMap((table) => findingsOfTable(table, facts.state, `${where} -> ${table.target}`, stream, now));
}

function findingsOfTable(table: TableFacts, state: ShardFacts['state'], where: string, stream: Stream, now: number): readonly string[] {
  const { checkpoint } = table;
  const findings = [
    state === 'gone' ? textOfGone(checkpoint) : textOfOldClaim(checkpoint, now),
    textOfLostRows(checkpoint),
    ...textsOfRetention(table, stream, now),
  ];
  return findings.flatMap((finding) => (finding === undefined ? [] : [`${where}: ${finding}`]));
}

function textOfGone({ claim }: Checkpoint): string {
  return claim === undefined
    ? 'the ledger has a checkpoint of a shard that the stream no longer lists: its records have expired, the checkpoint may be deleted'
    : `the shard of claim ${claim.label} is gone: nobody can replay it; explain-label tells whether Doris has its ${claim.rows} rows`;
}

const UNVERIFIABLE = ' Where it waits for a person (unverifiable), see resolve-label';

function textOfOldClaim({ claim }: Checkpoint, now: number): string | undefined {
  if (claim === undefined || claim.state.kind === 'contradicted' || now - claim.claimedAt <= OLD_CLAIM_MS) return undefined;
  return `claim ${claim.label} is ${claim.state.kind} for ${spanText(now - claim.claimedAt)}: no delivery has resolved it - is the mapping enabled?${claim.state.kind === 'open' ? UNVERIFIABLE : ''}`;
}

function textOfLostRows({ claim }: Checkpoint): string | undefined {
  if (claim?.state.kind === 'contradicted') return `the shard waits for a person: ${waitText(claim.label, claim.state.reason)}`;
  if (claim?.state.kind === 'given-up') return `rows of ${claim.label} become dead letters: ${claim.state.reason}`;
  return claim?.state.kind === 'refused' ? `Doris refused the row of ${claim.label}: ${claim.state.refusal.reason}` : undefined;
}

function textsOfRetention({ waiting }: TableFacts, stream: Stream, now: number): readonly string[] {
  const { retentionLeftMs } = ageOf(waiting, stream, now);
  const isLittle = retentionLeftMs !== null && retentionLeftMs < LITTLE_RETENTION * stream.retentionHours * 3_600_000;
  return [
    ...(waiting?.truncated
      ? [
          'the stream no longer knows the place of the watermark: records between it and the oldest that is left were dropped, if there were any',
        ]
      : []),
    ...(isLittle
      ? [
          `the stream drops unsettled records in ${spanText(retentionLeftMs)}: raise its retention (${stream.retentionHours} h now) before anything else`,
        ]
      : []),
  ];
}
