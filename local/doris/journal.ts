import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Transaction } from './transaction.ts';

/** Where finished transactions survive the process, so that labels are remembered as long as the rows are. */
export interface LabelJournal {
  /** In the order in which they were written. */
  read(): readonly Transaction[];
  append(transaction: Transaction): void;
  /** Replaces everything. */
  rewrite(transactions: readonly Transaction[]): void;
}

/** A journal of JSON lines. Writing is synchronous: a label is on disk before the client hears that its load succeeded. */
export function openLabelJournal(path: string): LabelJournal {
  const lineOf = (transaction: Transaction): string => `${JSON.stringify(transaction)}\n`;
  return {
    read: () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').flatMap(parseLine) : []),
    append: (transaction) => appendFileSync(path, lineOf(transaction)),
    rewrite(transactions) {
      writeFileSync(`${path}.new`, transactions.map(lineOf).join(''));
      renameSync(`${path}.new`, path);
    },
  };
}

/** A line that a killed process left unfinished counts as not written. */
function parseLine(line: string): readonly Transaction[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as Transaction];
  } catch {
    return [];
  }
}
