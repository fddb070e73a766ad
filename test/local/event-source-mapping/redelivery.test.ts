import { describe, expect, it } from 'vitest';
import { luckOf } from '../../../local/event-source-mapping/redelivery.ts';

function drawn(seed: number, shardId: string, probability = 0.5) {
  const draw = luckOf({ seed, probability }, shardId);
  return Array.from({ length: 200 }, () => draw(10));
}

describe('bad luck', () => {
  it('is the same for the same seed and shard, and another one for others', () => {
    expect(drawn(7, 'shardId-000000000001')).toEqual(drawn(7, 'shardId-000000000001'));
    expect(drawn(7, 'shardId-000000000001')).not.toEqual(drawn(8, 'shardId-000000000001'));
    expect(drawn(7, 'shardId-000000000001')).not.toEqual(drawn(7, 'shardId-000000000002'));
  });

  it('never strikes at probability 0 and always at 1', () => {
    expect(drawn(7, 'shardId-000000000001', 0).every((luck) => luck === undefined)).toBe(true);
    expect(drawn(7, 'shardId-000000000001', 1).every((luck) => luck !== undefined)).toBe(true);
  });

  it('comes in every kind, and rewinds by one to all of the records', () => {
    const strokes = drawn(7, 'shardId-000000000001', 1);

    expect(new Set(strokes.map((luck) => luck?.kind))).toEqual(new Set(['repeat', 'rewind', 'overlap']));
    const rewound = strokes.flatMap((luck) => (luck?.kind === 'rewind' ? [luck.records] : []));
    expect(Math.min(...rewound)).toBe(1);
    expect(Math.max(...rewound)).toBe(10);
  });

  it('comes only in the kinds that are asked for', () => {
    const draw = luckOf({ seed: 1, probability: 1, kinds: ['overlap'] }, 'shardId-000000000000');

    expect(Array.from({ length: 20 }, () => draw(5)?.kind)).toEqual(Array.from({ length: 20 }, () => 'overlap'));
  });
});
