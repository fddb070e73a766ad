import type { Behaviour } from './behaviour.ts';
import { bodyFormatOf } from './format.ts';
import { type Check, integerRefusal } from './load-checks.ts';
import { isTrue, type LoadRequest, leadingInteger } from './load-request.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The options that Doris parses after the transaction began, in its order (reference 2.1 step 10, 2.2). */
export const optionChecks: readonly Check[] = [
  oneCharacter('enclose'),
  oneCharacter('escape'),
  partitions,
  strictMode,
  memoryLimit,
  integer('send_batch_parallelism'),
  mergeType,
  skipLines,
  updateMode,
  newKeyBehaviour,
  integer('load_stream_per_node'),
];

const UPDATE_MODES = ['UPSERT', 'UPDATE_FIXED_COLUMNS', 'UPDATE_FLEXIBLE_COLUMNS'];
/** What a flexible update forbids, with the words of the refusal. */
const NOT_FLEXIBLE = ['columns', 'jsonpaths', 'hidden_columns', 'function_column.sequence_col', 'merge_type', 'where'];

function bad(message: string): Refusal {
  return refuse('INVALID_ARGUMENT', message);
}

function oneCharacter(name: string): Check {
  return ({ options }) => {
    const value = options[name];
    return value !== undefined && Buffer.byteLength(value) !== 1 ? bad(`${name} must be single-char, actually is ${value}`) : undefined;
  };
}

function integer(name: string): Check {
  return ({ options }) => integerRefusal(name, options[name]);
}

function partitions({ options }: LoadRequest): Refusal | undefined {
  const both = options['partitions'] !== undefined && options['temporary_partitions'] !== undefined;
  return both ? bad('Can not specify both partitions and temporary partitions') : undefined;
}

function strictMode({ options }: LoadRequest): Refusal | undefined {
  const value = options['strict_mode']?.toLowerCase() ?? 'false';
  return value === 'true' || value === 'false' ? undefined : bad('Invalid strict mode format. Must be bool type');
}

function memoryLimit({ options }: LoadRequest): Refusal | undefined {
  const value = options['exec_mem_limit'];
  return value !== undefined && leadingInteger(value) === undefined ? bad('Invalid mem limit format, stoll') : undefined;
}

function mergeType({ options }: LoadRequest): Refusal | undefined {
  const value = options['merge_type'];
  if (value === undefined) return undefined;
  const type = value.toUpperCase();
  if (!['APPEND', 'DELETE', 'MERGE'].includes(type)) return bad(`Invalid merge type ${value}`);
  const condition = options['delete'] !== undefined;
  if (type === 'MERGE' && !condition) return bad('Excepted DELETE ON clause when merge type is MERGE.');
  return type !== 'MERGE' && condition ? bad('Not support DELETE ON clause when merge type is not MERGE.') : undefined;
}

function skipLines({ options }: LoadRequest): Refusal | undefined {
  const value = options['skip_lines'];
  const refusal = integerRefusal('skip_lines', value);
  if (refusal !== undefined || value === undefined) return refusal;
  const lines = leadingInteger(value) ?? 0;
  return lines < 0 ? bad(`Invalid 'skip_lines': ${lines}`) : undefined;
}

function updateMode({ options }: LoadRequest, behaviour: Behaviour): Refusal | undefined {
  const value = options['unique_key_update_mode'];
  if (value === undefined) return undefined;
  if (!UPDATE_MODES.includes(value.toUpperCase())) {
    return bad(`Invalid unique_key_partial_mode ${value}, must be one of 'UPSERT', 'UPDATE_FIXED_COLUMNS' or 'UPDATE_FLEXIBLE_COLUMNS'`);
  }
  if (value.toUpperCase() !== 'UPDATE_FLEXIBLE_COLUMNS') return undefined;
  if (bodyFormatOf(options, behaviour)?.format !== 'json') {
    return bad('flexible partial update only support json format as input file currently');
  }
  if (isTrue(options['fuzzy_parse'])) return bad("Don't support flexible partial update when 'fuzzy_parse' is enabled");
  const forbidden = NOT_FLEXIBLE.find((name) => options[name] !== undefined);
  return forbidden === undefined ? undefined : bad(`Don't support flexible partial update when '${forbidden}' is specified`);
}

function newKeyBehaviour({ options }: LoadRequest): Refusal | undefined {
  const value = options['partial_update_new_key_behavior']?.toUpperCase();
  if (value === undefined || value === 'APPEND' || value === 'ERROR') return undefined;
  return bad(`Invalid partial_update_new_key_behavior ${value}, must be one of {'APPEND', 'ERROR'}`);
}
