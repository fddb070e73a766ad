import type { Contender } from './laps.ts';

interface EventRecord {
  readonly kinesis: { readonly data: string };
}

/** The bytes of a record. */
export function dataOf(record: object): Buffer {
  return Buffer.from((record as EventRecord).kinesis.data, 'base64');
}

const LINE_END = Buffer.from('\n');

/** The least that has to happen to an event: its bytes, joined to lines. */
export function base64Alone(): Contender {
  return async ({ Records }) => void joined(Records);
}

/** The records' payloads, each in its line. */
export function joined(records: readonly object[]): Buffer {
  return Buffer.concat(records.flatMap((record) => [dataOf(record), LINE_END]));
}
