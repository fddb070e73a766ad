import * as z from 'zod';
import type { Deadline } from '../deadline.ts';
import type { Span, Target, Told } from '../ports.ts';
import { askForData } from './ask-for-data.ts';
import type { Line } from './line.ts';

const digits = z.union([z.int(), z.string().regex(/^\d{1,15}$/)]).transform(Number);
const oneNumber = z.object({ data: z.tuple([z.tuple([digits])]) }).transform(({ data }) => data[0][0]);

/** Counts by SQL over HTTP (needs the privilege SELECT). */
export function askCount({ database, table }: Target, span: Span, deadline: Deadline, line: Line): Promise<Told<number>> {
  const { source, shard, position } = span;
  const conditions = [
    `${quotedName(source.column)} = ${quotedText(source.value)}`,
    `${quotedName(shard.column)} = ${quotedText(shard.value)}`,
    `${quotedName(position.column)} BETWEEN ${quotedText(position.first)} AND ${quotedText(position.last)}`,
  ];
  const stmt = `SELECT COUNT(*) FROM ${quotedName(table)} WHERE ${conditions.join(' AND ')}`;
  const inquiry = { path: `/api/query/internal/${encodeURIComponent(database)}`, post: JSON.stringify({ stmt }) };
  return askForData(inquiry, oneNumber, deadline, line);
}

function quotedName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function quotedText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
