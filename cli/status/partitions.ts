import type { ListedGroup, ListedOutage } from '../../lib/ledger/listing.ts';
import { spanText } from '../../lib/span-text.ts';
import { tableText } from '../table.ts';
import { counted, waitText } from '../words.ts';
import { breakerOf, type OpenBreaker } from './breaker.ts';

/** What a partition of Iggy brought for one table, as far as the ledger still keeps it. Spans are in milliseconds. */
export interface PartitionLine {
  readonly loader: string;
  readonly stream: string;
  readonly partition: string;
  readonly target: string;
  readonly groups: number;
  readonly unsettled: number;
  /** Since the oldest of the unsettled was begun; 0 when there is none. */
  readonly unsettledForMs: number;
  /** Loads that wait for a person. */
  readonly contradicted: readonly { readonly label: string; readonly reason: string }[];
  readonly rows: number;
  readonly loads: number;
  readonly deadLetters: number;
  readonly breaker: OpenBreaker | null;
}

/** One line for each loader, partition and table. */
export function partitionLines(groups: readonly ListedGroup[], outages: readonly ListedOutage[], now: number): readonly PartitionLine[] {
  const lines = new Map<string, PartitionLine>();
  for (const group of groups) {
    const { loader, target, totals } = group;
    const { stream, shard: partition } = group.source;
    const key = JSON.stringify([loader, stream, partition, target]);
    const {
      groups: before = 0,
      unsettled = 0,
      unsettledForMs = 0,
      contradicted = [],
      rows = 0,
      loads = 0,
      deadLetters = 0,
    } = lines.get(key) ?? {};
    lines.set(key, {
      ...{ loader, stream, partition, target, groups: before + 1 },
      unsettled: unsettled + (group.settled ? 0 : 1),
      unsettledForMs: group.settled ? unsettledForMs : Math.max(unsettledForMs, now - group.registeredAt),
      contradicted: [...contradicted, ...contradictedIn(group)],
      rows: rows + totals.rows,
      loads: loads + totals.loads,
      deadLetters: deadLetters + totals.deadLetters,
      breaker: breakerOf(
        outages.find((one) => one.loader === loader && one.target === target),
        now,
      ),
    });
  }
  return [...lines.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

function contradictedIn({ checkpoint: { claim } }: ListedGroup): PartitionLine['contradicted'] {
  return claim?.state.kind === 'contradicted' ? [{ label: claim.label, reason: claim.state.reason }] : [];
}

/** A message that failed is visible again after minutes at most. */
const LONG_MS = 15 * 60_000;

/** What a person should look at. */
export function partitionFindings(lines: readonly PartitionLine[]): readonly string[] {
  return lines.flatMap(({ stream, partition, target, unsettled, unsettledForMs, contradicted }) => {
    const findings = contradicted.map(({ label, reason }) => `messages wait for a person: ${waitText(label, reason)}`);
    if (unsettledForMs > LONG_MS)
      findings.push(
        `${counted(unsettled, 'group')} of messages not settled, the oldest for ${spanText(unsettledForMs)} - is the mapping of the queue enabled?`,
      );
    return findings.map((finding) => `${stream} ${partition} -> ${target}: ${finding}`);
  });
}

const HEAD = ['loader', 'topic', 'partition', 'table', 'groups kept', 'unsettled', 'since', 'rows', 'loads', 'dead letters', 'breaker'];

/** The lines as a table for people. */
export function partitionTable(lines: readonly PartitionLine[]): string {
  return tableText(HEAD, lines.map(partitionCells));
}

function partitionCells(line: PartitionLine) {
  const { loader, stream, partition, target, groups, unsettled, unsettledForMs, rows, loads, deadLetters, breaker } = line;
  const since = unsettled === 0 ? undefined : spanText(unsettledForMs);
  return [loader, stream, partition, target, groups, unsettled, since, rows, loads, deadLetters, breaker?.cause];
}
