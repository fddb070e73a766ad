import { describe, expect, it } from 'vitest';
import { countRecords } from '../../../local/chaos/count.ts';
import { poisonOf } from '../../../local/chaos/records.ts';
import type { ReadLetter } from '../../../local/demo/dead-letters.ts';

const SENT = 300;
const ids = Array.from({ length: SENT }, (_, id) => id);
const poison = ids.filter((id) => poisonOf(id) !== undefined);
const good = ids.filter((id) => poisonOf(id) === undefined);

const rows = (more: readonly (readonly [number, number])[] = []) => new Map([...good.map((id) => [id, 1] as const), ...more]);

function letterOf(id: number, change: Partial<ReadLetter> = {}): ReadLetter {
  const { errorClass = 'decode', reason = '' } = poisonOf(id) ?? {};
  const place = { stream: 'arn', shard: 'shardId-000000000000', position: String(1000 + id), target: 'demo.chaos' };
  return { ...place, errorClass, reason: `so: ${reason}`, partitionKey: String(id), ...change };
}

const letters = poison.map((id) => letterOf(id));

describe('the count after a chaos run', () => {
  it('finds nothing where every record is in its place, with a letter that came twice', () => {
    expect(poison).toEqual([130, 261]);
    expect(countRecords(SENT, rows(), [...letters, letterOf(130)])).toEqual({
      sent: SENT,
      lost: [],
      doubled: [],
      wrong: [],
      stored: 298,
      deadLettered: 2,
    });
  });

  it('names a good record without a row and a poison record without a letter as lost', () => {
    const missing = rows();
    missing.delete(7);

    expect(countRecords(SENT, missing, [letterOf(130)])).toMatchObject({ lost: [7, 261], doubled: [] });
  });

  it('names a record with two rows, and one with a row and a letter, as doubled', () => {
    expect(countRecords(SENT, rows([[7, 2]]), [...letters, letterOf(8)])).toMatchObject({
      lost: [],
      doubled: [7, 8],
      wrong: [expect.stringContaining('good record 8 is a dead letter')],
    });
  });

  it('tells of a poison record that is stored, of another reason, and of records that nobody sent', () => {
    const { wrong } = countRecords(
      SENT,
      rows([
        [130, 1],
        [500, 1],
      ]),
      [letterOf(261, { errorClass: 'oversize' })],
    );

    expect(wrong).toEqual([
      'poison record 130 is in the table',
      expect.stringMatching(/^the letter of record 261 says oversize/),
      'record 500 was never sent',
    ]);
  });
});
