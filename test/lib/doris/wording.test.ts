import { describe, expect, it } from 'vitest';
import { firstReason, wording } from '../../../lib/doris/wording.ts';

describe('a text of Doris', () => {
  it.each([
    [
      'column(a) values is null while columns is not nullable. src line [7 secret]; ',
      'column(a) values is null while columns is not nullable',
    ],
    [
      'Parse json data failed. code: 3, error info: TAPE. src line [{"a":"] secret"}]; ',
      'Parse json data failed. code: 3, error info: TAPE',
    ],
    [
      'column(a) value is incorrect while strict mode is true, src value is secret',
      'column(a) value is incorrect while strict mode is true, src value omitted',
    ],
    ['no partition for this tuple. tuple=secret, x', 'no partition for this tuple. tuple omitted'],
    ['[INVALID_ARGUMENT]Failed to parse object secret', '[INVALID_ARGUMENT]Failed to parse object, value omitted'],
    [
      'column_name[a], the length of input is too long than schema. first 32 bytes of input str: [sec]ret] schema length: 3; actual length: 9; ',
      'column_name[a], the length of input is too long than schema. first 32 bytes of input str omitted schema length: 3; actual length: 9;',
    ],
    [
      'decimal value is not valid for definition, value=secret, precision=9, scale=2',
      'decimal value is not valid for definition, value omitted, precision=9, scale=2',
    ],
    ['bad row { "a": "secret" }', 'bad row row omitted'],
    ['see http://loader:secret@10.0.0.9:8040/x', 'see http://10.0.0.9:8040/x'],
    ['bad header Authorization: Basic bG9hZGVyOnNlY3JldA== in request', 'bad header Authorization: Basic omitted in request'],
    ['[NOT_AUTHORIZED]no valid Basic authorization', '[NOT_AUTHORIZED]no valid Basic authorization'],
    ['one\r\ntwo\u0000\u001b[31mthree', 'one two [31mthree'],
    ['   ', ''],
  ])('loses rows, values, passwords and control characters: %j', (text, expected) => {
    expect(wording(text)).toBe(expected);
  });

  it.each([
    ['brings one', 'bad \u{D83D} value', 'bad \u{FFFD} value'],
    ['is cut within one', `x${'\u{1F600}'.repeat(600)}`, `x${'\u{1F600}'.repeat(499)}\u{FFFD}`],
  ])('holds no half of a character when it %s: the ledger would refuse it for ever', (_, text, expected) => {
    expect(wording(text)).toBe(expected);
  });

  it('is at most 1000 characters long', () => {
    expect(wording('x'.repeat(5000))).toHaveLength(1000);
  });
});

describe('an error log', () => {
  it('gives the reason of its first row', () => {
    const log = 'Reason: column(a) values is null while columns is not nullable. src line [7]; \nReason: other. src line [8]; \n';

    expect(firstReason(log)).toBe('column(a) values is null while columns is not nullable');
  });

  it.each([[''], ['\n\n'], ['Reason: . src line [x]; ']])('without a reason gives none: %j', (log) => {
    expect(firstReason(log)).toBe('');
  });
});
