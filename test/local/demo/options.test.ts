import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../local/demo/options.ts';

describe('the arguments of npm start', () => {
  it('are all optional', () => {
    expect(readOptions([])).toEqual({
      source: 'both',
      records: 200_000,
      shards: 4,
      seed: 1,
      faults: false,
      keepRunning: false,
      help: false,
    });
  });

  it('are taken as they are given', () => {
    const given = ['--records', '3000000', '--shards', '16', '--seed', '0', '--faults', '--keep-running', '--source', 'iggy'];

    expect(readOptions(given)).toEqual({
      source: 'iggy',
      records: 3_000_000,
      shards: 16,
      seed: 0,
      faults: true,
      keepRunning: true,
      help: false,
    });
  });

  it('name a file of records together with its table', () => {
    expect(readOptions(['--input', 'orders.ndjson', '--create-table', 'orders.sql'])).toMatchObject({
      input: 'orders.ndjson',
      createTable: 'orders.sql',
    });
  });

  it.each([
    [['--fault'], "Unknown option '--fault'; did you mean --faults?"],
    [['--keeprunning'], "Unknown option '--keeprunning'; did you mean --keep-running?"],
    [['--rec', '5'], "Unknown option '--rec'; did you mean --records?"],
    [['--records', '0'], '--records must be a whole number from 1 to 3000000 (given 0)'],
    [['--records', '3000001'], '--records must be a whole number from 1 to 3000000 (given 3000001)'],
    [['--records', '1e3'], '--records must be a whole number from 1 to 3000000 (given 1e3)'],
    [['--records', ''], '--records must be a whole number from 1 to 3000000 (given )'],
    [['--shards', 'many'], '--shards must be a whole number from 1 to 16 (given many)'],
    [['--shards', '17'], '--shards must be a whole number from 1 to 16 (given 17)'],
    [['--seed', '-1'], "Option '--seed' argument is ambiguous"],
    [['--seed', '1.5'], '--seed must be a whole number from 0 to 2147483647 (given 1.5)'],
    [['--input', 'x.ndjson'], '--input and --create-table go together'],
    [['--create-table', 'x.sql'], '--input and --create-table go together'],
    [['--source', 'kafka'], '--source must be kinesis, iggy or both (given kafka)'],
    [['--speed', '9'], "Unknown option '--speed'"],
    [['fast'], "Unexpected argument 'fast'"],
  ])('are refused as %j with a sentence that names what is wrong', (given, message) => {
    expect(() => readOptions(given)).toThrow(RangeError);
    expect(() => readOptions(given)).toThrow(message);
  });
});
