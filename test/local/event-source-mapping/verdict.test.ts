import { describe, expect, it } from 'vitest';
import { readVerdict } from '../../../local/event-source-mapping/verdict.ts';

/** The second has fewer digits than the first would need for text order to be number order. */
const batch = [
  '99999999999999999999999999999999999999999999999999999998',
  '100000000000000000000000000000000000000000000000000000001',
  '100000000000000000000000000000000000000000000000000000002',
];

function verdictOf(payload: string) {
  return readVerdict({ kind: 'returned', payload }, batch);
}

function failing(...identifiers: readonly unknown[]) {
  return verdictOf(JSON.stringify({ batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })) }));
}

describe('an answer that settles the whole batch', () => {
  it.each(['null', '{}', '""', '[]', '{"batchItemFailures":[]}', '{"batchItemFailures":null}'])('is %s', (payload) => {
    expect(verdictOf(payload)).toEqual({ kind: 'settled' });
  });

  it('is also one whose key is misspelled, which loses the failures in silence', () => {
    expect(verdictOf(`{"failedItems":[{"itemIdentifier":"${batch[0]}"}]}`)).toEqual({ kind: 'settled' });
  });
});

describe('an answer that names failed records', () => {
  it('makes the failed record the checkpoint', () => {
    expect(failing(batch[1])).toEqual({ kind: 'checkpoint', index: 1 });
  });

  it('takes the lowest of several, by number and not by text', () => {
    expect(failing(batch[2], batch[1])).toEqual({ kind: 'checkpoint', index: 1 });
    expect(failing(batch[2], batch[0], batch[1])).toEqual({ kind: 'checkpoint', index: 0 });
  });
});

describe('an answer that fails the whole batch', () => {
  it.each([
    ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }],
    ['a null identifier', { batchItemFailures: [{ itemIdentifier: null }] }],
    ['a number as identifier', { batchItemFailures: [{ itemIdentifier: 123 }] }],
    ['a misspelled key of the identifier', { batchItemFailures: [{ foo: batch[1] }] }],
    ['a failure that is no object', { batchItemFailures: [batch[1]] }],
    ['failures that are no list', { batchItemFailures: batch[1] }],
    ['a record of no batch', { batchItemFailures: [{ itemIdentifier: '42' }] }],
    ['a record of no batch beside one of this batch', { batchItemFailures: [{ itemIdentifier: '42' }, { itemIdentifier: batch[1] }] }],
    ['a text', 'done'],
    ['a number', 200],
  ])('has %s', (_, answer) => {
    expect(verdictOf(JSON.stringify(answer))).toEqual({ kind: 'refused' });
  });

  it('is not JSON at all', () => {
    expect(verdictOf('oops')).toEqual({ kind: 'refused' });
  });
});

describe('an invocation without an answer', () => {
  it.each([
    { kind: 'error', errorType: 'Error', errorMessage: 'no', trace: [] },
    { kind: 'timeout', afterMillis: 3000 },
    { kind: 'crashed', code: null, signal: 'SIGKILL' },
  ] as const)('is a function error: $kind', (result) => {
    expect(readVerdict(result, batch)).toEqual({ kind: 'function-error' });
  });
});
