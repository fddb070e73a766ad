import { createContext, Script } from 'node:vm';
import { endOfValue, jsonText, NOT_JSON, skipBlanks } from '../source/json.ts';
import { isLongNumber } from '../source/long-numbers.ts';

/** A payload after an edit, or why there is none. */
type Edited = { readonly kind: 'edited'; readonly payload: Buffer } | { readonly kind: 'failed'; readonly reason: string };

/** Changes the payload of one record. */
export type Edit = (payload: Uint8Array) => Edited;

const LONGEST_MILLIS = 100;

/** What becomes of the value of the expression, within its time. */
const GIVEN = `(value) => {
  if (value instanceof Promise) throw new TypeError('the expression gives a promise; it must give the payload itself');
  return typeof value === 'string' ? value : JSON.stringify(value);
}`;

/** Marks a number that a double would round: it passes through the expression as a text and comes out digit for digit. */
const MARK = '\uE000long:';
const MARKED = /"\uE000long:([^"]+)"/g;

/**
 * Makes an edit of a JavaScript expression. It sees the payload as `text`, and as `row` where that is JSON; what it evaluates to is the new
 * payload: a text as it is, anything else as JSON. It runs in a context of its own, without Node's modules, for at most 100 ms a record: a guard
 * against slips, not against malice, so it must come from whoever may run this program anyway.
 * @throws {SyntaxError}
 */
export function parseEdit(expression: string): Edit {
  const script = new Script(`'use strict';\n(${GIVEN})((${expression}\n))`, { filename: '--edit' });
  return (payload) => {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
      const context = createContext({ text, rowText: withMarks(payload) });
      new Script('globalThis.row = rowText === undefined ? undefined : JSON.parse(rowText); delete globalThis.rowText').runInContext(
        context,
      );
      const edited: unknown = script.runInContext(context, { timeout: LONGEST_MILLIS });
      if (typeof edited !== 'string') return { kind: 'failed', reason: '--edit: the expression gives nothing' };
      return { kind: 'edited', payload: Buffer.from(edited.replace(MARKED, '$1')) };
    } catch (error) {
      return { kind: 'failed', reason: `--edit: ${messageOf(error)}` };
    }
  };
}

/** Errors of another context are no instances of this one's `Error`. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

function withMarks(payload: Uint8Array): string | undefined {
  const bytes = Buffer.from(payload);
  const parts: Buffer[] = [];
  let done = 0;
  const end = endOfValue(jsonText(bytes), skipBlanks(bytes, 0), (start, stop) => {
    if (!isLongNumber(bytes, start, stop)) return;
    parts.push(bytes.subarray(done, start), Buffer.from(JSON.stringify(`${MARK}${bytes.subarray(start, stop).toString('latin1')}`)));
    done = stop;
  });
  if (end === NOT_JSON || skipBlanks(bytes, end) < bytes.length) return undefined;
  return Buffer.concat([...parts, bytes.subarray(done)]).toString('utf8');
}
