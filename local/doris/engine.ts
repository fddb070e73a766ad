/**
 * The line between the two halves of the Doris stand-in. The server (FE and BE ports, labels, transactions, faults) knows HTTP and
 * nothing of rows; the engine (tables, types, readers, storage, SQL) knows rows and nothing of HTTP.
 */

/** Names one table. Names are case-sensitive, as Doris's are by default. */
export interface TableName {
  readonly database: string;
  readonly table: string;
}

export type KeysType = 'DUP_KEYS' | 'UNIQUE_KEYS' | 'AGG_KEYS';

/** One column as `GET /api/{db}/{table}/_schema` and the planner see it. */
export interface ColumnInfo {
  readonly name: string;
  /** Doris type in upper case with its arguments: `BIGINT`, `VARCHAR(32)`, `DECIMAL(18,4)`. */
  readonly type: string;
  readonly nullable: boolean;
  readonly key: boolean;
  /** `''` for none; `SUM`, `MAX`, `MIN`, `REPLACE`, `REPLACE_IF_NOT_NULL`, ... */
  readonly aggregation: string;
  readonly comment: string;
}

export interface TableInfo {
  readonly name: TableName;
  readonly keysType: KeysType;
  readonly columns: readonly ColumnInfo[];
  /** The `PROPERTIES (...)` of the statement, such as `group_commit_mode`. */
  readonly properties: Readonly<Record<string, string>>;
}

/** The request headers that decide how a body becomes rows. Names as Doris spells them, lower case; absent means not sent. */
export type ReadOptions = Readonly<Record<string, string>>;

/** Why a load cannot even be planned; the server answers `Status: Fail` with `[code]message`. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  /** @param code - Doris's status code text, such as `ANALYSIS_ERROR`, `INVALID_ARGUMENT`, `DATA_FILE_TYPE_ERROR`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What the statement was not: the SQL endpoint answers it as an error text. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
}

/** What Doris says about a statement, without the frame that it puts around it. */
export function sqlReason({ message }: SqlError): string {
  return message.replace(/^errCode = \d+, detailMessage = /, '');
}

/** What reading a body gave. Rows stay invisible until they are published. */
export interface ReadResult {
  /** Handle for {@link Engine.publish} and {@link Engine.discard}. */
  readonly staged: StagedRows;
  readonly totalRows: number;
  /** Rows that would be stored. */
  readonly loadedRows: number;
  readonly filteredRows: number;
  readonly unselectedRows: number;
  /** One a bad row, at most 50: `Reason: <why>. src line [<row>]; `. */
  readonly errorLines: readonly string[];
  /** Set when the body fails as a whole, whatever `max_filter_ratio` says: `[code]message`. */
  readonly fatal?: { readonly code: string; readonly message: string };
  /** True when reading stopped early because zero tolerance met more than 50 bad rows: counts are partial. */
  readonly stoppedEarly: boolean;
}

/** Opaque to the server. */
export interface StagedRows {
  readonly target: TableName;
  readonly rows: number;
}

/** A result of the SQL endpoint: Doris column types beside the names, cells as text or null. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
  /** Rows changed, for statements that return none. */
  readonly affectedRows: number;
}

export interface Engine {
  hasDatabase(database: string): boolean;
  /** `undefined` when there is no such table. */
  table(name: TableName): TableInfo | undefined;
  /**
   * Checks what can be checked before the first body byte (columns, jsonpaths, partitions, format).
   * @throws {PlanError}
   */
  plan(name: TableName, options: ReadOptions): void;
  /** Reads a whole body by the rules of the table and the options. Never stores anything visible. */
  read(name: TableName, options: ReadOptions, body: Buffer): Promise<ReadResult>;
  /** Makes staged rows visible, atomically, by the table's key model. */
  publish(staged: StagedRows): Promise<void>;
  discard(staged: StagedRows): Promise<void>;
  /**
   * Runs one statement: CREATE/DROP DATABASE and TABLE, INSERT, DELETE, TRUNCATE, SELECT, SHOW TABLES/DATABASES, DESC.
   * @throws {SqlError}
   */
  query(statement: string, database: string): Promise<QueryResult>;
  close(): Promise<void>;
}

export interface EngineOptions {
  /** File that keeps the rows and table definitions between starts; in memory when absent. */
  readonly file?: string;
  /** Numbers of a JSON body that have a point or an exponent go through a double. Default false. */
  readonly roundsJsonDecimals?: boolean;
}
