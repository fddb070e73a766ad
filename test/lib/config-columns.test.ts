import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../lib/settings.ts';
import { faultsOf, readWith } from './environment.ts';

describe('position columns', () => {
  const columnsOf = (text: string) => readWith({ DORIS_POSITION_COLUMNS: text }).decode.positionColumns;

  it('are given by role, all four or some of them, in any order', () => {
    expect(columnsOf('source=_source,shard=_shard,position=_position,arrived_at=_arrived_at')).toEqual({
      source: '_source',
      shard: '_shard',
      position: '_position',
      arrivedAt: '_arrived_at',
    });
    expect(columnsOf('position=kinesis-position, shard=1st')).toEqual({ position: 'kinesis-position', shard: '1st' });
  });

  it.each([
    ['an unknown role', 'offset=_offset'],
    ['a role that is spelled as no other', 'arrivedAt=_arrived_at'],
    ['a role that is a word of the language', 'constructor=_source'],
    ['a role twice', 'shard=a,shard=b'],
    ['a column twice, which Doris would fill once', 'shard=place,position=Place'],
    ['no column', 'shard='],
    ['a column that has to be quoted', 'shard=my shard'],
    ['a column of more than 256 characters', `shard=${'s'.repeat(257)}`],
    ['more than one column for a role', 'shard=a=b'],
    ['an empty part', 'shard=a,'],
  ])('are refused for %s', (_what, text) => {
    expect(faultsOf({ DORIS_POSITION_COLUMNS: text })).toEqual([
      `DORIS_POSITION_COLUMNS: must be ${SETTINGS.DORIS_POSITION_COLUMNS.rule} (given ${JSON.stringify(text.slice(0, 200))})`,
    ]);
  });

  it('cannot take the place of a field that decides a route', () => {
    const routes = JSON.stringify([{ field: '_shard', equals: 'x', table: 'other' }]);

    expect(faultsOf({ DORIS_ROUTES: routes, DORIS_POSITION_COLUMNS: 'shard=_shard' })).toEqual([
      'DORIS_ROUTES: field _shard is a column of DORIS_POSITION_COLUMNS or IGGY_METADATA_COLUMNS, which takes its place',
    ]);
    expect(faultsOf({ DORIS_ROUTES: routes, DORIS_POSITION_COLUMNS: 'shard=_SHARD' })).toEqual([]);
  });
});

describe('the sequence column', () => {
  it('is the name of a column that fits into a header', () => {
    expect(readWith({ DORIS_SEQUENCE_COLUMN: 'updated_at' }).doris.sequenceColumn).toBe('updated_at');
    expect(faultsOf({ DORIS_SEQUENCE_COLUMN: 'updated\r\nlabel: x' })).toEqual([
      `DORIS_SEQUENCE_COLUMN: must be ${SETTINGS.DORIS_SEQUENCE_COLUMN.rule} (given "updated\\r\\nlabel: x")`,
    ]);
  });
});

describe('the time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', '+05:30', '-03:00'])('may be %s', (zone) => {
    expect(readWith({ DORIS_TIME_ZONE: zone }).doris.timeZone).toBe(zone);
  });

  // Doris takes CST for Asia/Shanghai, most others for America/Chicago.
  it.each(['CST', 'Berlin', 'Europe/Nowhere', '2', '+2', '+15:00', 'UTC\r\nlabel: x'])('may not be %j', (zone) => {
    expect(faultsOf({ DORIS_TIME_ZONE: zone })).toEqual([
      `DORIS_TIME_ZONE: must be UTC, a place such as Europe/Berlin, or an offset such as +02:00 (given ${JSON.stringify(zone)})`,
    ]);
  });

  it('is left to Doris where it is not set', () => {
    expect(readWith({}).doris).not.toHaveProperty('timeZone');
  });
});

describe('long numbers', () => {
  it('are quoted only when asked for', () => {
    expect(readWith({ DORIS_LONG_NUMBERS: 'quote' }).decode.longNumbers).toBe('quote');
    expect(faultsOf({ DORIS_LONG_NUMBERS: 'string' })).toEqual(['DORIS_LONG_NUMBERS: must be keep or quote (given "string")']);
  });
});
