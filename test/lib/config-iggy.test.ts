import { describe, expect, it } from 'vitest';
import { faultsOf, readWith } from './environment.ts';

describe('settings of iggy-loader', () => {
  it('name the source of bodies that do not say it', () => {
    const { iggy } = readWith({
      IGGY_BODIES: 'raw',
      IGGY_BARE_SOURCE: 'shop/orders/eu',
      IGGY_BODY_ENCODING: 'base64',
      IGGY_RETRY_MAX_SECONDS: '60',
    });

    expect(iggy).toEqual({
      bodies: 'raw',
      bareSource: { stream: 'shop', topic: 'orders/eu' },
      bodyEncoding: 'base64',
      longestHidden: 60_000,
    });
  });

  it('give columns to members of the metadata', () => {
    expect(
      readWith({ IGGY_METADATA_COLUMNS: 'offset=o, id=i,timestamp=t,origin_timestamp=ot,checksum=c,headers=h' }).iggy.metadataColumns,
    ).toEqual({
      iggy_offset: 'o',
      iggy_id: 'i',
      iggy_timestamp: 't',
      iggy_origin_timestamp: 'ot',
      iggy_checksum: 'c',
      iggy_headers: 'h',
    });
  });

  it('route by topic', () => {
    expect(readWith({ DORIS_ROUTES: '[{"stream":"shop","topic":"clicks","table":"clicks"}]' }).load.routing.rules).toEqual([
      { stream: 'shop', topic: 'clicks', target: { database: 'shop', table: 'clicks' } },
    ]);
  });

  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['bare bodies of nowhere', { IGGY_BODIES: 'bare' }, 'IGGY_BARE_SOURCE: is missing, and IGGY_BODIES is bare'],
    [
      'a source beside envelopes',
      { IGGY_BARE_SOURCE: 'a/b' },
      'IGGY_BARE_SOURCE: goes with IGGY_BODIES bare or raw; envelopes say where they come from',
    ],
    ['a source without topic', { IGGY_BODIES: 'raw', IGGY_BARE_SOURCE: 'shop' }, 'IGGY_BARE_SOURCE: must be stream/topic (given "shop")'],
    ['another shape', { IGGY_BODIES: 'auto' }, 'IGGY_BODIES: must be envelope, bare or raw (given "auto")'],
    [
      'metadata of bare bodies',
      { IGGY_BODIES: 'bare', IGGY_BARE_SOURCE: 'a/b', IGGY_METADATA_COLUMNS: 'id=i' },
      'IGGY_METADATA_COLUMNS: bare bodies have no metadata',
    ],
    [
      'a field that a metadata column takes the place of',
      { IGGY_METADATA_COLUMNS: 'id=k', DORIS_ROUTES: '[{"field":"k","equals":"v","table":"t"}]' },
      'DORIS_ROUTES: field k is a column of DORIS_POSITION_COLUMNS or IGGY_METADATA_COLUMNS, which takes its place',
    ],
    [
      'more than twelve hours',
      { IGGY_RETRY_MAX_SECONDS: '43201' },
      'IGGY_RETRY_MAX_SECONDS: must be whole number from 5 to 43200 (given "43201")',
    ],
  ])('refuse %s', (_, change, fault) => {
    expect(faultsOf(change)).toEqual([fault]);
  });

  it.each(['offset', 'offset=', 'offsets=o', 'offset=o,offset=p', 'offset=o,id=O'])('refuse the columns %j', (text) => {
    expect(faultsOf({ IGGY_METADATA_COLUMNS: text })).toHaveLength(1);
  });
});
