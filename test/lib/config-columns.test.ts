import { describe, expect, it } from 'vitest';
import { readConfig } from '../../lib/config.ts';
import { ConfigError } from '../../lib/errors.ts';
import { SETTINGS } from '../../lib/settings.ts';

const ENV = {
  DORIS_FE_URLS: 'http://10.0.0.5:8030',
  DORIS_USER: 'loader',
  DORIS_PASSWORD: 'open sesame',
  DORIS_DATABASE: 'shop',
  DORIS_TABLE: 'orders',
  LEDGER_TABLE: 'ledger',
  DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/dead',
} as const;

type Env = Readonly<Record<string, string>>;
const read = (change: Env) => readConfig({ ...ENV, ...change });
const faultsOf = (change: Env): readonly string[] => {
  try {
    read(change);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults;
  }
};

describe('position columns', () => {
  const columnsOf = (text: string) => read({ DORIS_POSITION_COLUMNS: text }).decode.positionColumns;

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
    expect(read({ DORIS_SEQUENCE_COLUMN: 'updated_at' }).doris.sequenceColumn).toBe('updated_at');
    expect(faultsOf({ DORIS_SEQUENCE_COLUMN: 'updated\r\nlabel: x' })).toEqual([
      `DORIS_SEQUENCE_COLUMN: must be ${SETTINGS.DORIS_SEQUENCE_COLUMN.rule} (given "updated\\r\\nlabel: x")`,
    ]);
  });
});

describe('long numbers', () => {
  it('are quoted only when asked for', () => {
    expect(read({ DORIS_LONG_NUMBERS: 'quote' }).decode.longNumbers).toBe('quote');
    expect(faultsOf({ DORIS_LONG_NUMBERS: 'string' })).toEqual(['DORIS_LONG_NUMBERS: must be keep or quote (given "string")']);
  });
});
