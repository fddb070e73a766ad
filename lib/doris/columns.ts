import * as z from 'zod';
import type { Deadline } from '../deadline.ts';
import type { Target, Told } from '../ports.ts';
import { askForData } from './ask-for-data.ts';
import type { Line } from './line.ts';

/** A column of a table as Doris describes it. */
export interface Column {
  readonly name: string;
  /** As Doris spells it: `bigint`, `varchar(64)`, `decimal(18,4)`. */
  readonly type: string;
  readonly nullable: boolean;
  readonly key: boolean;
  /** What a row without the column gets; none when absent. */
  readonly standard?: string;
}

const row = z
  .tuple([z.string(), z.string(), z.string(), z.string(), z.string().nullish()])
  .rest(z.unknown())
  .transform(([name, type, nullable, key, standard]): Column => {
    const described = { name, type: type.toLowerCase(), nullable: nullable === 'Yes', key: key === 'true' };
    return standard === null || standard === undefined ? described : { ...described, standard };
  });

const described = z.object({ data: z.array(row) }).transform(({ data }) => data);

/** Asks for the columns of a table (by `DESC`: needs the privilege SELECT). */
export function askColumns({ database, table }: Target, deadline: Deadline, line: Line): Promise<Told<readonly Column[]>> {
  const stmt = `DESC \`${table.replaceAll('`', '``')}\``;
  return askForData(
    { path: `/api/query/internal/${encodeURIComponent(database)}`, post: JSON.stringify({ stmt }) },
    described,
    deadline,
    line,
  );
}
