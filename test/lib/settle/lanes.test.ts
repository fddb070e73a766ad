import { describe, expect, it } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import { batchOf, numbersIn, shardOf } from '../../support/shard.ts';
import { Killed, newWorld, RULES } from '../../support/world.ts';

describe('lanes that interleave', () => {
  it('are refused before anything is trimmed', async () => {
    const world = newWorld();
    const records = shardOf(Array.from({ length: 10 }, () => 'good' as const));
    const even = records.filter((_, n) => n % 2 === 0);
    const odd = records.filter((_, n) => n % 2 === 1);
    await world.invoke(batchOf(even.slice(0, 3)), RULES);

    await expect(world.invoke(batchOf(odd), RULES)).rejects.toThrow(ContractViolation);
    expect(numbersIn(world.doris.tables.get('db.t'))).toEqual([0, 2, 4]);
  });

  it.each([
    ['first', 2, 5],
    ['last', 0, 3],
  ])('are refused when the %s record of an open claim lies between the records of the batch', async (_, start, end) => {
    const world = newWorld();
    const records = shardOf(Array.from({ length: 10 }, () => 'good' as const));
    const claimed = records.filter((_record, n) => n % 2 === 0).slice(start, end);
    const others = records.filter((_record, n) => n % 2 === 1).slice(start === 0 ? 1 : 0, start === 0 ? 4 : 3);
    await expect(world.invoke(batchOf(claimed), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);

    await expect(world.invoke(batchOf(others), RULES)).rejects.toThrow(ContractViolation);
  });
});
