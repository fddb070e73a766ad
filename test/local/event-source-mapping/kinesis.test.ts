import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from './fixture.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.endTest());
afterAll(() => stage.close());

function letters(count: number) {
  return Array.from({ length: count }, (_, index) => `r${index}`);
}

describe('a mapping of a Kinesis stream', () => {
  it('delivers every record once, in order, in batches of at most the batch size', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(7));

    const mapped = await stage.map(stream, 'return {};', { batchSize: 3 });
    await mapped.drained();

    expect(mapped.texts()).toEqual([['r0', 'r1', 'r2'], ['r3', 'r4', 'r5'], ['r6']]);
  });

  it('delivers what is put while it runs', async () => {
    const stream = await stage.createStream();
    const mapped = await stage.map(stream, 'return {};');

    await stage.put(stream, 'a');
    await mapped.drained();
    await stage.put(stream, 'b');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a'], ['b']]);
  });

  it('starts at the tip when it is told to', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, 'before');

    const mapped = await stage.map(stream, 'return {};', { startingPosition: { kind: 'LATEST' } });
    await stage.put(stream, 'after');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['after']]);
  });

  it('brings one shard per batch, and each shard in its order', async () => {
    const stream = await stage.createStream(3);
    const records = letters(60).map((text, index) => ({ Data: Buffer.from(text), PartitionKey: `key-${index % 10}` }));
    await stage.put(stream, ...records);

    const mapped = await stage.map(stream, 'return {};', { batchSize: 7, host: { concurrency: 3 } });
    await mapped.drained();

    const shards = [...new Set(mapped.seen().map(({ shard }) => shard))];
    const numbers = shards.map((shard) =>
      mapped
        .seen()
        .filter((seen) => seen.shard === shard)
        .flatMap(({ texts }) => texts.map((text) => Number(text.slice(1)))),
    );
    expect(shards.length).toBe(3);
    for (const shard of numbers) expect(shard).toEqual(shard.toSorted((a, b) => a - b));
    expect(numbers.flat().toSorted((a, b) => a - b)).toEqual(letters(60).map((_, index) => index));
  });

  it('waits for a full batch while the window is open', async () => {
    const stream = await stage.createStream();
    const mapped = await stage.map(stream, 'return {};', { batchSize: 2, batchingWindowSeconds: 300 });

    await stage.put(stream, 'a');
    await stage.put(stream, 'b');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a', 'b']]);
  });

  it('delivers what it has at the end of the window', async () => {
    const stream = await stage.createStream();
    const mapped = await stage.map(stream, 'return {};', { batchSize: 100, batchingWindowSeconds: 1 });

    await stage.put(stream, 'a');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a']]);
  });

  it('cuts a batch where its event would exceed 6 MB', async () => {
    const stream = await stage.createStream();
    const large = letters(9).map((text) => text.padEnd(1_000_000, '.'));
    await stage.put(stream, ...large.slice(0, 5));
    await stage.put(stream, ...large.slice(5));

    const mapped = await stage.map(stream, 'return {};', { batchingWindowSeconds: 1 });
    await mapped.drained();

    // A megabyte takes 1,333,336 bytes in base64: four fit, five do not.
    expect(mapped.texts().map((texts) => texts.length)).toEqual([4, 4, 1]);
  });

  it('refuses parameters that Lambda refuses, naming each', async () => {
    const mapping = stage.map('none', '', {
      batchSize: 0,
      batchingWindowSeconds: 301,
      maximumRetryAttempts: -2,
      maximumRecordAgeSeconds: 59,
    });

    await expect(mapping).rejects.toThrow(
      [
        'batchSize: a whole number from 1 to 10000 (given 0)',
        'batchingWindowSeconds: a whole number from 0 to 300 (given 301)',
        'maximumRetryAttempts: a whole number from -1 to 10000 (given -2)',
        'maximumRecordAgeSeconds: a whole number from 60 to 604800 (given 59)',
      ].join('\n'),
    );
  });

  it('leaves the rest undelivered when it is stopped', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(3));
    const mapped = await stage.map(stream, 'throw new Error("down");', { batchSize: 1 });
    const caughtUp = mapped.drained();
    const rejected = expect(caughtUp).rejects.toThrow('was stopped before it had caught up');

    await mapped.stop();

    await rejected;
    expect(mapped.texts().flat()).not.toContain('r1');
  });
});

describe('bad luck on purpose', () => {
  it('brings a settled batch a second time', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(4));

    const mapped = await stage.map(stream, 'return {};', { batchSize: 2, redeliver: { seed: 1, probability: 1, kinds: ['repeat'] } });
    await mapped.drained();

    expect(mapped.texts()).toEqual([
      ['r0', 'r1'],
      ['r0', 'r1'],
      ['r2', 'r3'],
      ['r2', 'r3'],
    ]);
  });

  it('brings settled records again at other boundaries, and loses none', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(40));

    const mapped = await stage.map(stream, 'return {};', { batchSize: 5, redeliver: { seed: 3, probability: 0.6, kinds: ['rewind'] } });
    await mapped.drained();

    const delivered = mapped.texts().flat();
    expect([...new Set(delivered)]).toEqual(letters(40));
    expect(delivered.length).toBeGreaterThan(40);
    expect(mapped.texts().some(([first]) => Number(first?.slice(1)) % 5 !== 0)).toBe(true);
  });

  it('brings a batch twice at the same time, to two processes', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, 'a');

    const mapped = await stage.map(stream, 'await new Promise((go) => setTimeout(go, 50)); return { pid: process.pid };', {
      redeliver: { seed: 1, probability: 1, kinds: ['overlap'] },
      host: { concurrency: 2 },
    });
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a'], ['a']]);
  });
});
