import * as z from 'zod';
import type { Deadline } from '../deadline.ts';
import type { TableModel, Target, Told } from '../ports.ts';
import { askForData } from './ask-for-data.ts';
import type { Line } from './line.ts';

const MODELS = { DUP_KEYS: 'duplicate', UNIQUE_KEYS: 'unique', AGG_KEYS: 'aggregate' } as const satisfies Record<string, TableModel>;

const schema = z.object({ keysType: z.enum(['DUP_KEYS', 'UNIQUE_KEYS', 'AGG_KEYS']) }).transform(({ keysType }) => MODELS[keysType]);

/** Asks for a table's keys (reference 8: needs the privilege SELECT). */
export function askTableModel({ database, table }: Target, deadline: Deadline, line: Line): Promise<Told<TableModel>> {
  const path = `/api/${encodeURIComponent(database)}/${encodeURIComponent(table)}/_schema`;
  return askForData({ path }, schema, deadline, line);
}
