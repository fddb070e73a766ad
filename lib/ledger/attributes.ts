import * as z from 'zod';
import { ContractViolation } from '../errors.ts';
import type { Label } from '../plan/label.ts';
import { epochMillis } from '../units.ts';
import type { Item } from './item.ts';

/** Attributes as DynamoDB spells them, read back. */
export const text = z.object({ S: z.string() }).transform(({ S }) => S);
export const number = z.object({ N: z.string() }).transform(({ N }) => Number(N));
export const moment = number.transform(epochMillis);
export const flag = z.object({ BOOL: z.boolean() }).transform(({ BOOL }) => BOOL);
export const label = text.transform((name) => name as Label);

/** Reads an item by its shape. @throws {ContractViolation} naming the item and the attribute, when it is not one of ours. */
export function readItem<T>(shape: z.ZodType<T>, item: Item): T {
  const read = shape.safeParse(item);
  if (read.success) return read.data;
  throw new ContractViolation(`${damageOf(item, read.error)}. Repair or delete it`);
}

/** Which item is not one of ours, and by which attribute. */
export function damageOf(item: Item | undefined, { issues: [issue] }: z.ZodError): string {
  return `ledger item ${item?.['pk']?.S} / ${item?.['sk']?.S} is damaged: ${issue?.path.join('.')}: ${issue?.message}`;
}
