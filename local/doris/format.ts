import type { Behaviour } from './behaviour.ts';
import type { ReadOptions } from './engine.ts';

const COMPRESSIONS = ['gz', 'lzo', 'bz2', 'lz4', 'lz4_block', 'lzop', 'snappy_block', 'deflate'];
const FORMATS = ['csv', 'csv_with_names', 'csv_with_names_and_types', 'json', 'parquet', 'orc', 'arrow', 'hive_text'];

/** What the headers `format` and `compress_type` say of the body. */
export interface BodyFormat {
  readonly format: string;
  /** `''` for none. */
  readonly compression: string;
}

/** Reads format and compression. @returns undefined for what Doris calls an unknown data format (reference 2.2) */
export function bodyFormatOf(options: ReadOptions, { packedJson }: Behaviour): BodyFormat | undefined {
  const format = options['format']?.toLowerCase() ?? 'csv';
  const compression = options['compress_type']?.toLowerCase() ?? '';
  if (!FORMATS.includes(format)) return undefined;
  if (format === 'json' && packedJson === 'read-as-it-is') return { format, compression: '' };
  if (compression === '' || COMPRESSIONS.includes(compression)) return { format, compression };
  // Only CSV minds an unknown compression; JSON is then read as it is.
  return format.startsWith('csv') ? undefined : { format, compression: '' };
}
