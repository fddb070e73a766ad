import { PlanError, type ReadOptions } from '../../engine.ts';
import { LOCAL_ZONE, type ZoneOffset, zoneOf } from '../convert/zone.ts';
import { type CsvOptions, csvOptions } from '../csv/options.ts';
import { type JsonOptions, jsonOptions } from '../json/options.ts';
import type { Column, TableDefinition } from '../table/definition.ts';
import { type Mapping, mapColumns } from './mapping.ts';
import { partitionNames } from './partitions.ts';
import { chosenSequence } from './sequence.ts';

/** How one load is read: the headers, checked and understood. */
export interface LoadPlan {
  readonly table: TableDefinition;
  readonly mapping: Mapping;
  readonly input: ({ readonly kind: 'json' } & JsonOptions) | ({ readonly kind: 'csv' } & CsvOptions);
  readonly strict: boolean;
  readonly zone: ZoneOffset;
  /** True when a single bad row will fail the load, so that reading may give up early. */
  readonly zeroTolerance: boolean;
  readonly partitions?: readonly string[];
  /** The column that fills the hidden sequence column of the table. */
  readonly sequence?: Column;
}

/**
 * Checks the headers of a load against its table.
 * @throws {PlanError} with Doris's text as far as it is known.
 */
export function planLoad(table: TableDefinition, options: ReadOptions): LoadPlan {
  checkUnsupported(options);
  const input = inputOf(options);
  const sequence = chosenSequence(table, options['function_column.sequence_col']);
  const partitions = options['partitions'] ? chosenPartitions(table, options['partitions']) : undefined;
  return {
    table,
    mapping: mapColumns(table, options, input.kind),
    input,
    strict: strictMode(options['strict_mode']),
    zone: zoneOption(options['timezone'] || options['time_zone']),
    zeroTolerance: !(Number.parseFloat(options['max_filter_ratio'] ?? '') > 0),
    ...(partitions && { partitions }),
    ...(sequence && { sequence }),
  };
}

function inputOf(options: ReadOptions): LoadPlan['input'] {
  const format = (options['format'] || 'csv').toLowerCase();
  if (format === 'json') return { kind: 'json', ...jsonOptions(options) };
  if (format === 'csv' || format === 'csv_with_names' || format === 'csv_with_names_and_types')
    return { kind: 'csv', ...csvOptions(options, format) };
  throw new PlanError('DATA_FILE_TYPE_ERROR', `unknown data format, format=${options['format'] ?? ''}`);
}

function strictMode(value: string | undefined): boolean {
  const text = (value || 'false').toLowerCase();
  if (text !== 'true' && text !== 'false') throw new PlanError('INVALID_ARGUMENT', 'Invalid strict mode format. Must be bool type');
  return text === 'true';
}

function zoneOption(name: string | undefined): ZoneOffset {
  if (!name) return LOCAL_ZONE;
  const zone = zoneOf(name);
  if (!zone) throw new PlanError('ANALYSIS_ERROR', `TStatus: errCode = 2, detailMessage = Unknown or incorrect time zone: '${name}'`);
  return zone;
}

function chosenPartitions(table: TableDefinition, header: string): readonly string[] {
  const names = header.split(',').map((name) => name.trim());
  const known = partitionNames(table);
  for (const name of names) {
    if (!known.includes(name)) {
      throw new PlanError('ANALYSIS_ERROR', `TStatus: errCode = 2, detailMessage = unknown partition: ${name}`);
    }
  }
  return names;
}

/** What Doris can and the stand-in cannot: refused, so that no load is read by other rules than it asked for. */
const UNSUPPORTED: readonly (readonly [string, (value: string) => boolean])[] = [
  ['merge_type', (value) => value.toUpperCase() !== 'APPEND'],
  ['delete', () => true],
  ['hidden_columns', () => true],
  ['temporary_partitions', () => true],
  ['negative', (value) => value === 'true'],
  ['partial_columns', (value) => value.toLowerCase() === 'true'],
  ['unique_key_update_mode', (value) => value.toUpperCase() !== 'UPSERT'],
];

function checkUnsupported(options: ReadOptions): void {
  const mergeType = options['merge_type'];
  if (mergeType && !['APPEND', 'DELETE', 'MERGE'].includes(mergeType.toUpperCase())) {
    throw new PlanError('INVALID_ARGUMENT', `Invalid merge type ${mergeType}`);
  }
  for (const [header, refused] of UNSUPPORTED) {
    const value = options[header];
    if (value && refused(value)) throw new PlanError('NOT_IMPLEMENTED_ERROR', `the stand-in does not know the header ${header}: ${value}`);
  }
}
