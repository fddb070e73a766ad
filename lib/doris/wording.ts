import { clipped } from '../clipped.ts';

const LONGEST = 1000;

// Where Doris quotes rows or their values (reference 7, 9.6-9.12). Each quote may hold any character, so most run to the end.
const QUOTES: readonly (readonly [RegExp, string])[] = [
  [/[\s.;,]*\bsrc line\b.*$/s, ''],
  [/\bsrc value\b.*$/s, 'src value omitted'],
  [/\btuple=.*$/s, 'tuple omitted'],
  [/\binput str: \[.*\](?=;| schema length|$)/s, 'input str omitted'],
  [/\bvalue=.*(?=, precision=)/s, 'value omitted'],
  [/\bFailed to parse object .*$/s, 'Failed to parse object, value omitted'],
  [/\{\s*".*$/s, 'row omitted'],
];

/** Of the request's `Authorization`, which whatever stands in between may quote; not the words "Basic authorization". */
const CREDENTIALS = /\b[Bb]asic\s+(?=[\w+/]*[A-Z0-9=])[\w+/]{4,}=*/g;

/** A text of Doris fit for logs, the ledger and dead letters: one line, at most 1000 characters, without rows, values and passwords. May be empty. */
export function wording(text: string): string {
  // Cut before matching: a reply may be a megabyte of anything.
  const start = text.slice(0, 4 * LONGEST);
  const unquoted = QUOTES.reduce((rest, [quote, instead]) => rest.replace(quote, instead), start);
  const line = unquoted
    .replace(/\/\/[^/\s@]*@/g, '//')
    .replace(CREDENTIALS, 'Basic omitted')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return clipped(line, LONGEST);
}

/** The first bad row's reason in the file behind ErrorURL (`Reason: <why>. src line [<row>]; `). May be empty. */
export function firstReason(errorLog: string): string {
  const line = errorLog.split('\n').find((candidate) => candidate.trim() !== '') ?? '';
  return wording(line.trim().replace(/^Reason:\s*/, ''));
}
