import type { PositionColumns } from '../../lib/source/splice.ts';
import type { ObservedField } from './observe.ts';
import { mayBeKey, type Proposed, proposeType } from './types.ts';

/** A column with its reason. */
export interface DesignedColumn extends Proposed {
  readonly name: string;
  readonly nullable: boolean;
  readonly key: boolean;
}

/** A table for a sample. */
export interface Design {
  readonly columns: readonly DesignedColumn[];
  readonly model: 'DUPLICATE' | 'UNIQUE';
  readonly key: readonly string[];
  /** Column whose hash spreads rows over buckets; at random when absent. */
  readonly spread?: string;
  /** Why the table is as it is, and what the sample has that it does not. */
  readonly reasons: readonly string[];
}

/** What the operator has decided already. */
export interface Wishes {
  readonly key?: readonly string[];
  readonly unique: boolean;
  readonly positionColumns: PositionColumns;
}

/** What `docs/columns.md` asks of position columns. */
const POSITION_TYPES = { source: 'VARCHAR(512)', shard: 'VARCHAR(128)', position: 'VARCHAR(138)', arrivedAt: 'DATETIME(3)' } as const;
/** A name that a header may carry too. */
const NAME = /^[_A-Za-z0-9][-_A-Za-z0-9]{0,255}$/;

/** @throws {RangeError} in one sentence when the wishes cannot be met. */
export function designTable(fields: readonly ObservedField[], wishes: Wishes): Design {
  const positions = positionColumns(wishes.positionColumns);
  const filled = new Set(positions.map(({ name }) => name.toLowerCase()));
  const usable = fields.filter(({ name }, index) => isUsable(name, index, fields) && !filled.has(name.toLowerCase()));
  const left = fields.filter((field) => !usable.includes(field) && !filled.has(field.name.toLowerCase()));
  const proposals = new Map(usable.map((field) => [field.name, { field, ...proposeType(field.values) }]));
  const key = wishes.key ?? guessKey([...proposals.values()]);
  for (const name of key) checkKey(name, proposals.get(name)?.type);
  const columns = [...proposals].map(([name, { field, type, reason }]): DesignedColumn => {
    const nullable = !(key.includes(name) && isComplete(field));
    return { name, type, reason, nullable, key: key.includes(name) };
  });
  const spread = key.find((name) => isIdentity(name)) ?? key[0];
  return {
    columns: [
      ...key.flatMap((name) => columns.filter((column) => column.name === name)),
      ...columns.filter(({ key: isKey }) => !isKey),
      ...positions,
    ],
    model: wishes.unique ? 'UNIQUE' : 'DUPLICATE',
    key,
    ...(spread === undefined ? {} : { spread }),
    reasons: [
      ...reasonsOf(key, wishes),
      ...left.map(({ name }) => `field ${JSON.stringify(name)} gets no column: its name is none, or another's but for case`),
    ],
  };
}

function isUsable(name: string, index: number, fields: readonly ObservedField[]): boolean {
  // Doris tells columns apart without regard to case.
  return NAME.test(name) && !fields.slice(0, index).some((other) => other.name.toLowerCase() === name.toLowerCase());
}

function isComplete({ values, rows }: ObservedField): boolean {
  return values.length === rows && values.every(({ kind }) => kind !== 'null');
}

function isIdentity(name: string): boolean {
  return /^(id|uuid|key)$|[-_](id|uuid|key)$|[a-z](Id|Uuid|Key)$/i.test(name);
}

/** The moment first, so that a query for a span of time reads little, then what names a thing. */
function guessKey(proposals: readonly (Proposed & { readonly field: ObservedField })[]): readonly string[] {
  const fit = proposals.filter(({ field, type }) => isComplete(field) && mayBeKey(type));
  const moment = fit.find(({ type }) => /^DATE/.test(type));
  const identity = fit.find(({ field, type }) => isIdentity(field.name) && !/^DATE/.test(type));
  const guessed = [moment, identity].flatMap((one) => (one === undefined ? [] : [one.field.name]));
  const [first] = fit;
  if (guessed.length > 0 || first === undefined) return guessed;
  return [first.field.name];
}

function checkKey(name: string, type: string | undefined): void {
  if (type === undefined) throw new RangeError(`--key ${name}: no field of the sample has this name`);
  if (!mayBeKey(type)) throw new RangeError(`--key ${name}: Doris takes no ${type} as a key`);
}

function positionColumns(columns: PositionColumns): readonly DesignedColumn[] {
  const roles = ['source', 'shard', 'position', 'arrivedAt'] as const;
  return roles.flatMap((role) => {
    const name = columns[role];
    return name === undefined
      ? []
      : [{ name, type: POSITION_TYPES[role], nullable: false, key: false, reason: 'filled by DORIS_POSITION_COLUMNS in every row' }];
  });
}

function reasonsOf(key: readonly string[], { key: wished, unique }: Wishes): readonly string[] {
  return [
    unique
      ? 'UNIQUE KEY: Doris keeps the last row of a key, so that rows that are loaded twice do no harm'
      : 'DUPLICATE KEY: Doris keeps every row; --unique with a --key that names a thing keeps one row a key',
    key.length === 0
      ? 'no field is in every row and fit for a key: Doris sorts by nothing, buckets are filled at random'
      : `key (${key.join(', ')}): ${wished === undefined ? 'guessed from names and types: a moment first, then what names a thing' : 'as asked for'}`,
    'columns are NULL but for keys: a record without a field costs a NULL and no dead letter',
  ];
}
