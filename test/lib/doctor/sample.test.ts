import { describe, expect, it } from 'vitest';
import { samplesFor } from '../../../lib/doctor/sample.ts';
import type { Routing } from '../../../lib/plan/route.ts';
import { mebibytes } from '../../../lib/units.ts';

const table = (name: string) => ({ database: 'd', table: name });
const routing: Routing = {
  rules: [
    { stream: 'arn:aws:kinesis:us-east-1:1:stream/orders', target: table('orders') },
    { field: 'type', equals: 'click', target: table('clicks') },
  ],
  defaultTarget: table('rest'),
  maxRowBytes: mebibytes(1),
  maxBatchBytes: mebibytes(10),
};
const samples = [{ type: 'click' }, { type: 'view' }].map((fields, index) => ({ line: index + 1, fields, text: JSON.stringify(fields) }));
const linesFor = (name: string, streams: readonly string[] = []) =>
  samplesFor(table(name), { samples, streams }, routing, false).map(({ line }) => line);

describe('rows of a sample', () => {
  it('are compared with the table that the loader sends them to', () => {
    expect([linesFor('clicks'), linesFor('rest'), linesFor('orders')]).toEqual([[1], [2], []]);
  });

  it.each(['orders', 'arn:aws:kinesis:us-east-1:1:stream/orders'])('of the stream %s go where its rule sends them', (stream) => {
    expect([linesFor('clicks', [stream]), linesFor('rest', [stream]), linesFor('orders', [stream])]).toEqual([[], [], [1, 2]]);
  });

  it('all belong to the only table', () => {
    expect(samplesFor(table('only'), { samples, streams: [] }, routing, true)).toEqual(samples);
  });
});
