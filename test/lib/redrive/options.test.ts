import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../lib/errors.ts';
import { readOptions } from '../../../lib/redrive/options.ts';

function faultsOf(event: unknown): readonly string[] {
  try {
    readOptions(event);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('the event of a redrive', () => {
  it.each([[undefined], [null], [{}]])('without options asks for every letter of the own queue: %s', (event) => {
    expect(readOptions(event)).toEqual({ options: { where: [], dryRun: false }, reloadUnverifiable: false });
  });

  it('may hold every option', () => {
    const event = { where: ['table=orders'], dryRun: true, rate: 0.5, limit: 10, unverifiable: 'load', from: 's3://overflow/aws/lambda/' };

    expect(readOptions(event)).toEqual({
      options: { where: [expect.any(Function)], dryRun: true, rate: 0.5, limit: 10 },
      reloadUnverifiable: true,
      from: { kind: 'bucket', bucket: 'overflow', prefix: 'aws/lambda/' },
    });
  });

  it.each([
    [{ where: 'table=orders' }, 'where: must be a list of conditions like "table=orders" (given "table=orders")'],
    [{ where: [7, 'table=orders', 8] }, 'where: must be a list of conditions like "table=orders" (given [7,"table=orders",8])'],
    [{ dryRun: 'yes' }, 'dryRun: must be true or false (given "yes")'],
    [{ rate: 0 }, 'rate: must be a number above 0, 10000 at most (given 0)'],
    [{ limit: 1.5 }, 'limit: must be a whole number above 0 (given 1.5)'],
    [{ unverifiable: 'reload' }, 'unverifiable: must be keep or load (given "reload")'],
    [{ from: 'overflow' }, 'from: must be the URL of a queue or s3://bucket/prefix (given "overflow")'],
    [{ from: 7 }, 'from: must be the URL of a queue or s3://bucket/prefix (given 7)'],
    [{ dryrun: true }, 'dryrun: is no option of a redrive; allowed: where, dryRun, rate, limit, unverifiable, from'],
    ['now', 'event: must be an object of options (given "now")'],
  ])('with a wrong option is refused with the option, the rule and the value: %j', (event, fault) => {
    expect(faultsOf(event)).toEqual([fault]);
  });

  it('is told all of its faults at once', () => {
    expect(faultsOf({ rate: -1, limit: 0, edit: 'row' })).toHaveLength(3);
  });
});
