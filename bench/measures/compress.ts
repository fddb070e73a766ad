import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { cpuMs } from '../cpu-time.ts';
import { sampleOf } from '../event.ts';
import { amount, type Figure, medianOf, ratio } from '../figure.ts';
import { median } from '../judge.ts';

const ROUNDS = 9;

type Row = Readonly<Record<string, unknown>>;

/** What a load would weigh on the wire in other forms than plain JSON, and what CPU that costs. */
export async function measureCompress(): Promise<Figure[]> {
  const [flights, earthquakes] = [await rowsIn('flights-20k.json'), await rowsIn('earthquakes.json')];
  const noise = sampleOf({ kind: 'json', size: 340 }).body.toString('utf8').trimEnd().split('\n').map(parsed);
  return [
    ...formsOf('flights (90 bytes a row)', flights),
    ...formsOf('earthquakes (700 bytes a row)', earthquakes),
    ...formsOf('random text (340 bytes a row)', noise),
  ];
}

async function rowsIn(file: string): Promise<readonly Row[]> {
  const path = fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')));
  const content = JSON.parse(await readFile(path, 'utf8')) as readonly Row[] | { readonly features: readonly Row[] };
  return 'features' in content ? content.features : content;
}

function parsed(line: string): Row {
  return JSON.parse(line) as Row;
}

function formsOf(name: string, rows: readonly Row[]): Figure[] {
  const lines = rows.map((row) => JSON.stringify(row));
  const plain = Buffer.from(`${lines.join('\n')}\n`);
  const forms: readonly (readonly [string, () => Buffer])[] = [
    ['gzip, level 1', () => gzipSync(plain, { level: 1 })],
    ['gzip, level 6', () => gzipSync(plain, { level: 6 })],
    ['CSV', () => csvOf(lines)],
    ['CSV and gzip, level 1', () => gzipSync(csvOf(lines), { level: 1 })],
  ];
  return forms.flatMap(([form, make]) => figuresOf(`${name}, ${form}`, plain, make));
}

function figuresOf(name: string, plain: Buffer, make: () => Buffer): Figure[] {
  const { length } = make();
  const cpuMs = Array.from({ length: ROUNDS }, () => cpuOf(make));
  const megabitsSaved = ((plain.length - length) * 8) / 1e6;
  return [
    ratio(`${name}: bytes / plain JSON`, length / plain.length),
    medianOf(
      `${name}: CPU of a megabyte of JSON`,
      cpuMs.map((ms) => ms / (plain.length / 1e6)),
      'ms',
    ),
    amount(`${name}: saves time on a link slower than`, megabitsSaved / (median(cpuMs) / 1000), 'Mbit/s'),
  ];
}

function cpuOf(make: () => Buffer): number {
  const before = process.cpuUsage();
  make();
  return cpuMs(before);
}

/** Doris takes columns in the order that the `columns` header names; each value has to be read out of its JSON for that. */
function csvOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${Object.values(parsed(line)).map(cell).join(',')}\n`).join(''));
}

function cell(value: unknown): string {
  if (value === null) return '\\N';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\n\\]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
