import { PlanError, type ReadOptions } from '../../engine.ts';
import { unescapeDelimiter } from '../json/options.ts';

/** How a CSV body is cut into rows and fields. */
export interface CsvOptions {
  readonly separator: string;
  readonly lineDelimiter: string;
  readonly skipLines: number;
  readonly trimDoubleQuotes: boolean;
  readonly emptyAsNull: boolean;
  /** One character around fields that may hold separators. */
  readonly enclose?: string;
  readonly escapeMark?: string;
}

/** The lines that a format name makes Doris skip; `skip_lines` counts only for plain `csv` (test_csv_with_skip_lines). */
const HEADER_LINES: Readonly<Record<string, number>> = { csv_with_names: 1, csv_with_names_and_types: 2 };

/**
 * Reads the headers of a CSV load.
 * @throws {PlanError} for values that Doris refuses.
 */
export function csvOptions(options: ReadOptions, format: string): CsvOptions {
  const enclose = oneCharacter(options, 'enclose');
  const escapeMark = oneCharacter(options, 'escape');
  return {
    separator: unescapeDelimiter(options['column_separator'] || '\t'),
    lineDelimiter: unescapeDelimiter(options['line_delimiter'] || '\n'),
    skipLines: HEADER_LINES[format] ?? skipLines(options['skip_lines']),
    trimDoubleQuotes: options['trim_double_quotes']?.toLowerCase() === 'true',
    emptyAsNull: options['empty_field_as_null']?.toLowerCase() === 'true',
    ...(enclose && { enclose }),
    ...(escapeMark && { escapeMark }),
  };
}

function skipLines(value: string | undefined): number {
  if (!value) return 0;
  const lines = Number(value);
  if (!Number.isInteger(lines)) throw new PlanError('INVALID_ARGUMENT', `Invalid skip_lines: ${value}`);
  if (lines < 0) throw new PlanError('INVALID_ARGUMENT', 'Invalid skip_lines, skip_lines must be greater than or equal to 0');
  return lines;
}

function oneCharacter(options: ReadOptions, header: 'enclose' | 'escape'): string | undefined {
  const value = options[header];
  if (!value) return undefined;
  const text = unescapeDelimiter(value);
  if (text.length !== 1) throw new PlanError('INVALID_ARGUMENT', `${header} must be single-char, actually is ${value}`);
  return text;
}
