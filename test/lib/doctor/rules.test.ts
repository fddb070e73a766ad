import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { deadlineIn } from '../../../lib/deadline.ts';
import type { Finding } from '../../../lib/doctor/finding.ts';
import { checkMemory } from '../../../lib/doctor/fit.ts';
import { objectionTo, zoneFindings } from '../../../lib/doctor/schema.ts';
import { checkTable, type Expectations } from '../../../lib/doctor/table.ts';
import type { Inspector, Reach } from '../../../lib/doris/inspector.ts';
import type { Told } from '../../../lib/ports.ts';
import { seconds } from '../../../lib/units.ts';

/** Doris with users of few privileges, which the stand-in does not know. */
function dorisThat(reached: Reach, unpacks: Told<boolean>): Inspector {
  return {
    reach: async () => reached,
    unpacks: async () => unpacks,
    backends: async () => ({ kind: 'told', value: [] }),
    columns: async () => ({ kind: 'refused', reason: 'Access denied' }),
    tableModel: async () => ({ kind: 'told', value: 'duplicate' }),
    labelState: async () => ({ kind: 'unknown' }),
    frontendSetting: async () => ({ kind: 'refused', reason: 'Access denied' }),
    transaction: async () => ({ kind: 'told', value: {} }),
    close: async () => {},
  };
}

function check(reached: Reach, change: Partial<Expectations> = {}, unpacks: Told<boolean> = { kind: 'told', value: true }) {
  const expectations = { filled: [], needsSequence: false, packs: false, ...change };
  const target = { database: 'd', table: 't' };
  return checkTable(new URL('http://fe:8030'), target, dorisThat(reached, unpacks), expectations, deadlineIn(seconds(5), systemClock));
}

describe('what Doris answers to a load without rows', () => {
  it.each([
    ['Access denied; you need (at least one of) the (LOAD) privilege(s) for this operation', 'privilege'],
    ['No backend load available., policy: PolicyGroup', 'backends'],
    ['No backend available for load, please check the status of your backends., policy: x, compute group is y', 'backends'],
    ['ComputeGroupException: CURRENT_USER_NO_AUTH_TO_USE_ANY_COMPUTE_GROUP, you can contact the system administrator', 'privilege'],
    ['errCode = 2, detailMessage = No cloud cluster name selected.', 'privilege'],
    ["errCode = 2, detailMessage = Unknown database 'd'", 'database'],
    ['errCode = 7, detailMessage = unknown table, tableName=t', 'table'],
    ['something that nobody foresaw', 'load'],
  ])('%s is a fault of the %s', async (reason, name) => {
    expect(await check({ kind: 'refused', host: 'fe:8030', reason })).toEqual([
      expect.objectContaining({ check: name, verdict: 'fault', what: `fe:8030: ${reason}` }),
    ]);
  });

  it('asks for a compute group, not for the privilege to load, where that is what lacks', async () => {
    const reason = 'ComputeGroupException: CURRENT_USER_NO_AUTH_TO_USE_DEFAULT_COMPUTE_GROUP';

    expect(await check({ kind: 'refused', host: 'fe:8030', reason })).toEqual([
      expect.objectContaining({ advice: expect.stringContaining('USAGE_PRIV ON COMPUTE GROUP') }),
    ]);
  });

  it('leaves the columns untold to a user who may only load', async () => {
    expect((await check({ kind: 'begun' })).map(({ check: name, verdict }) => [name, verdict])).toEqual([
      ['load', 'ok'],
      ['schema', 'untold'],
    ]);
  });

  it('is no good for a sequence column unless the table keeps one row a key', async () => {
    expect(await check({ kind: 'begun' }, { needsSequence: true })).toContainEqual(
      expect.objectContaining({ check: 'schema', verdict: 'fault' }),
    );
  });
});

describe('a probe with packed lines', () => {
  it.each<readonly [string, Told<boolean>, Finding['verdict']]>([
    ['unpacked', { kind: 'told', value: true }, 'ok'],
    ['not unpacked', { kind: 'told', value: false }, 'warning'],
    ['answered otherwise', { kind: 'refused', reason: 'no memory' }, 'untold'],
  ])('that is %s', async (_, unpacks, verdict) => {
    expect(await check({ kind: 'begun' }, { packs: true }, unpacks)).toContainEqual(
      expect.objectContaining({ check: 'compression', verdict }),
    );
  });
});

describe("Doris's memory of labels", () => {
  const assumed = { setting: 'LABEL_MEMORY_TRANSACTIONS', frontendSetting: 'label_num_threshold', assumed: 2000 };

  it.each([
    ['2000', 'ok'],
    ['5000', 'ok'],
    ['-1', 'ok'],
    ['1999', 'fault'],
  ])('of %s transactions is %s where 2000 are taken for granted', (value, verdict) => {
    expect(checkMemory(assumed, { kind: 'told', value }).verdict).toBe(verdict);
  });

  it('that nobody may read is untold', () => {
    expect(checkMemory(assumed, { kind: 'refused', reason: 'Access denied' })).toMatchObject({ verdict: 'untold' });
  });
});

describe('times of a sample', () => {
  const columns = [
    { name: 'at', type: 'datetimev2(3)', nullable: true, key: false },
    { name: 'note', type: 'varchar(99)', nullable: true, key: false },
  ];
  const sampleOf = (at: unknown, note: unknown = null) => [{ line: 1, text: '', fields: { at, note } }];

  it.each(['2026-11-21T02:59:01Z', '2026-11-21 02:59:01.123+01:00', '2026-11-21T02:59:01-0500'])(
    'such as %s ask for DORIS_TIME_ZONE: releases of Doris convert them to different zones',
    (at) => {
      expect(zoneFindings('d.t', columns, sampleOf(at), undefined)).toEqual([
        expect.objectContaining({ check: 'schema', verdict: 'warning', what: expect.stringContaining('times of at name a zone') }),
      ]);
      expect(zoneFindings('d.t', columns, sampleOf(at), 'UTC')).toEqual([]);
    },
  );

  it.each<readonly [unknown, unknown]>([
    ['2026-11-21 02:59:01', null],
    ['2026-11-21', null],
    [null, '2026-11-21T02:59:01Z'],
    [1_795_230_000, 'Z'],
  ])('of %j ask for nothing beside a text of %j', (at, note) => {
    expect(zoneFindings('d.t', columns, sampleOf(at, note), undefined)).toEqual([]);
  });
});

describe('a value of a sample', () => {
  const column = (type: string, nullable = true) => ({ type, nullable });

  it.each([
    [7, 'int'],
    ['-7', 'bigint'],
    [1.5e300, 'double'],
    ['12.50', 'decimal(18,4)'],
    ['2026-03-01 12:00:00', 'datetime(3)'],
    [{ a: 1 }, 'variant'],
    ['äö', 'varchar(4)'],
    [null, 'int'],
    [127, 'tinyint'],
    [-128, 'tinyint'],
    ['9223372036854775807', 'bigint'],
    ['-9223372036854775808', 'bigint'],
    // As JSON.parse leaves 9223372036854775807.
    [2 ** 63, 'bigint'],
    ['00099.999', 'decimal(4,2)'],
    [0.5, 'decimalv3(2,2)'],
    [1234567, 'decimal(9)'],
    [12, 'double'],
  ])('%j fits %s', (value, type) => {
    expect(objectionTo(value, column(type))).toBeUndefined();
  });

  it.each([
    ['seven', 'int', 'text that is no whole number'],
    [{ a: 1 }, 'bigint', 'object that is no whole number'],
    ['', 'decimal(9,0)', 'text that is no number'],
    ['yesterday', 'date', 'text that is no date'],
    ['äöü', 'varchar(4)', 'text of 6 bytes'],
    [128, 'tinyint', 'whole number of more than 8 bits'],
    [-129, 'tinyint', 'whole number of more than 8 bits'],
    ['2147483648', 'int', 'whole number of more than 32 bits'],
    ['9223372036854775808', 'bigint', 'whole number of more than 64 bits'],
    [28, 'decimal(1,0)', 'number of 2 digits before the point'],
    ['-100.5', 'decimalv3(4, 2)', 'number of 3 digits before the point'],
  ])('%j does not fit %s: %s', (value, type, why) => {
    expect(objectionTo(value, column(type))).toBe(why);
  });

  it('null fits no column that is NOT NULL', () => {
    expect(objectionTo(null, column('int', false))).toBe('null');
  });
});
