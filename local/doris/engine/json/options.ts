import { PlanError, type ReadOptions } from '../../engine.ts';
import { type JsonPath, parseJsonPath } from './path.ts';
import { compactJson } from './scan.ts';

/** How a JSON body is cut into rows. */
export interface JsonOptions {
  readonly byLine: boolean;
  readonly stripOuterArray: boolean;
  readonly lineDelimiter: string;
  /** One path a field, by position; fields beyond the last path are missing in every row. */
  readonly paths?: readonly JsonPath[];
  /** The header as it was sent: error texts repeat it. */
  readonly pathsText: string;
  readonly root?: JsonPath;
}

/**
 * Reads the headers of a JSON load. When both mode headers are absent, lines are read
 * (reference 2.2, test_json_load_default_behavior).
 * @throws {PlanError} for jsonpaths that cannot be read.
 */
export function jsonOptions(options: ReadOptions): JsonOptions {
  const line = options['read_json_by_line'];
  const strip = options['strip_outer_array'];
  const pathsText = options['jsonpaths'] ?? '';
  return {
    byLine: line || strip ? isTrue(line) : true,
    stripOuterArray: isTrue(strip),
    lineDelimiter: unescapeDelimiter(options['line_delimiter'] || '\n'),
    pathsText,
    ...(pathsText && { paths: readPaths(pathsText) }),
    ...(options['json_root'] && { root: readPath(options['json_root'], options['json_root']) }),
  };
}

/** `\x01` and `\t` forms of a separator become the characters they mean. */
export function unescapeDelimiter(text: string): string {
  const hex = text
    .replace(/\\x([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/^0x((?:[0-9a-fA-F]{2})+)$/, (_, codes: string) => Buffer.from(codes, 'hex').toString('latin1'));
  return hex.replaceAll('\\t', '\t').replaceAll('\\n', '\n').replaceAll('\\r', '\r');
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

function readPaths(header: string): readonly JsonPath[] {
  const paths = compactJson(header) === undefined ? undefined : (JSON.parse(header) as unknown);
  if (!Array.isArray(paths)) throw new PlanError('INVALID_JSON_PATH', `Invalid json path: ${header}`);
  return paths.map((path: unknown) => readPath(path, header));
}

function readPath(path: unknown, header: string): JsonPath {
  const parsed = typeof path === 'string' ? parseJsonPath(path) : undefined;
  if (!parsed) throw new PlanError('INVALID_JSON_PATH', `Invalid json path: ${header}`);
  return parsed;
}
