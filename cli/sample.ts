import { readFileSync } from 'node:fs';
import type { SampleRow } from '../lib/doctor/sample.ts';
import { wrongInput } from './errors.ts';

/** Rows of a file with one JSON object a line. @throws {CommandError} naming the first line that is none. */
export function readSample(path: string): readonly SampleRow[] {
  const rows = textOf(path)
    .split('\n')
    .map((text, index) => ({ text, line: index + 1 }))
    .filter(({ text }) => text.trim() !== '')
    .map(({ text, line }) => ({ line, text, fields: objectOf(text, `${path}:${line}`) }));
  if (rows.length === 0) throw wrongInput(`${path}: is empty; a sample has one JSON object a line`);
  return rows;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrongInput(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function objectOf(text: string, place: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrongInput(`${place}: is no JSON; a sample has one JSON object a line`, { cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.fromEntries(Object.entries(value));
  throw wrongInput(`${place}: is no JSON object; a sample has one JSON object a line`);
}
