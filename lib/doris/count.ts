import * as z from 'zod';
import type { Deadline } from '../deadline.ts';
import type { PositionCount, Span, Target, Told } from '../ports.ts';
import { askForData } from './ask-for-data.ts';
import type { Inquiry } from './ask-frontend.ts';
import type { Line } from './line.ts';

const digits = z.union([z.int(), z.string().regex(/^\d{1,15}$/)]).transform(Number);
const oneNumber = z.object({ data: z.tuple([z.tuple([digits])]) }).transform(({ data }) => data[0][0]);

const twoNumbers = z
  .object({ data: z.tuple([z.tuple([digits, digits])]) })
  .transform(({ data: [[rows, distinct]] }): PositionCount => ({ rows, distinct }));

/** Counts by SQL over HTTP (needs the privilege SELECT). */
export function askCount(target: Target, span: Span, deadline: Deadline, line: Line): Promise<Told<number>> {
  return askForData(inquiryOf('COUNT(*)', target, span), oneNumber, deadline, line);
}

/** Counts rows, and their positions each once. */
export function askPositions(target: Target, span: Span, deadline: Deadline, line: Line): Promise<Told<PositionCount>> {
  const counts = `COUNT(*), COUNT(DISTINCT ${quotedName(span.position.column)})`;
  return askForData(inquiryOf(counts, target, span), twoNumbers, deadline, line);
}

function inquiryOf(counts: string, { database, table }: Target, { source, shard, position, atMost }: Span): Inquiry {
  const conditions = [
    `${quotedName(source.column)} = ${quotedText(source.value)}`,
    `${quotedName(shard.column)} = ${quotedText(shard.value)}`,
    `${quotedName(position.column)} BETWEEN ${quotedText(position.first)} AND ${quotedText(position.last)}`,
  ];
  const found = `FROM ${quotedName(table)} WHERE ${conditions.join(' AND ')}`;
  const stmt =
    atMost === undefined
      ? `SELECT ${counts} ${found}`
      : `SELECT ${counts} FROM (SELECT ${quotedName(position.column)} ${found} LIMIT ${atMost}) AS found`;
  return { path: `/api/query/internal/${encodeURIComponent(database)}`, post: JSON.stringify({ stmt }) };
}

function quotedName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function quotedText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
