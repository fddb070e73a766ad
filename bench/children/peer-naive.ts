import { dataOf } from './base64-alone.ts';
import type { Contender } from './laps.ts';
import { putPlainly } from './plain-put.ts';

/** What a user writes first: parse each record, write it again, one PUT a batch. Nobody remembers what was loaded. */
export function naive(): Contender {
  return async ({ Records }) => {
    const rows = Records.map((record) => JSON.parse(dataOf(record).toString('utf8')) as unknown);
    await putPlainly(Buffer.from(`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`));
  };
}
