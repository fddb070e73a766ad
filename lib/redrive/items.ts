import * as z from 'zod';
import { label, moment, number, readItem, text } from '../ledger/attributes.ts';
import type { Item } from '../ledger/item.ts';
import { redrivePartition } from '../ledger/redriven.ts';
import type { LetterKey, LetterState, LoadKey, LoadState, RedriveLoad, RedrivenState } from './ledger.ts';

/** Where a redriven record stands. */
export function letterKey(key: LetterKey): Item {
  const { iggy, position, target } = key;
  const parts = ['letter', position, ...(iggy === undefined ? [] : [iggy.timestamp, iggy.id]), target];
  return { pk: { S: redrivePartition(key) }, sk: { S: parts.join('#') } };
}

/** Where a load of redriven records stands. */
export function loadKey(key: LoadKey): Item {
  return { pk: { S: redrivePartition(key) }, sk: { S: `load#${key.name}` } };
}

/** A load as it is written down. */
export function loadItem(key: LoadKey, load: RedriveLoad): Item {
  const { label, state, rows, deadline, claimedAt, fence, witness, columns } = load;
  return {
    ...loadKey(key),
    label: { S: label },
    state: { S: state },
    ...(load.state === 'contradicted' ? { reason: { S: load.reason } } : {}),
    rows: { N: String(rows) },
    deadline: { N: String(deadline) },
    claimedAt: { N: String(claimedAt) },
    fence: { N: String(fence) },
    ...(witness === undefined ? {} : { witness: { S: witness } }),
    ...(columns === undefined ? {} : { columns: { S: columns } }),
  };
}

const storedLetter = z.object({ load: text, fate: text.pipe(z.enum(['stored', 'free'])).optional() });
const storedLoad = z.object({
  label,
  state: text.pipe(z.enum(['open', 'stored', 'void', 'contradicted'])),
  reason: text.optional(),
  rows: number,
  deadline: moment,
  claimedAt: moment,
  fence: number,
  witness: label.optional(),
  columns: text.optional(),
});

/** @throws {ContractViolation} naming the item, when it is damaged. */
export function letterOf(item: Item | undefined): LetterState {
  return item === undefined ? { kind: 'new' } : redrivenOf(item);
}

/** @throws {ContractViolation} naming the item, when it is damaged. */
export function redrivenOf(item: Item): RedrivenState {
  const { load, fate = 'bound' } = readItem(storedLetter, item);
  return { kind: fate, load };
}

/** @throws {ContractViolation} naming the item, when it is damaged. */
export function loadOf(item: Item): RedriveLoad {
  const { state, reason = 'unknown', witness, columns, ...load } = readItem(storedLoad, item);
  const known: LoadState = state === 'contradicted' ? { state, reason } : { state };
  return { ...load, ...known, ...(witness === undefined ? {} : { witness }), ...(columns === undefined ? {} : { columns }) };
}
