import type { QueryResult } from './engine.ts';
import type { DorisStandIn } from './run.ts';

/** A Doris that runs already, and who may do what the tests do. */
export interface RealDoris {
  readonly feUrl: string;
  readonly user: string;
  readonly password: string;
}

/** A real Doris under the interface of the stand-in. What only a stand-in can do throws: faults, restarts, a look at its transactions. */
export function realDoris({ feUrl, user, password }: RealDoris): DorisStandIn {
  const impossible = (what: string) => (): never => {
    throw new Error(`${what}: only the stand-in can, and ${feUrl} is a real Doris`);
  };
  return {
    feUrl,
    beUrls: [],
    user,
    password,
    faults: {
      add: impossible('scripting a fault'),
      clear: () => undefined,
      struck: () => [],
      seed: impossible('seeding faults'),
      release: impossible('releasing what a fault holds'),
      at: impossible('striking'),
    },
    query: (statement, database = 'information_schema') => query({ feUrl, user, password }, statement, database),
    transactions: impossible('listing transactions'),
    stop: impossible('stopping a node'),
    start: impossible('starting a node'),
    restart: impossible('restarting'),
    close: async () => undefined,
  };
}

interface Answer {
  readonly code: number;
  readonly data: unknown;
}

interface ResultSet {
  readonly type: 'result_set';
  readonly meta: QueryResult['columns'];
  readonly data: readonly (readonly unknown[])[];
}

const MOST_ROWS = 100_000;

/** Runs SQL through the FE's HTTP interface; cells come as text, as the stand-in's do. */
async function query({ feUrl, user, password }: RealDoris, stmt: string, database: string): Promise<QueryResult> {
  const response = await fetch(`${feUrl}/api/query/internal/${database}`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ stmt, limit: MOST_ROWS }),
  });
  const { code, data } = (await response.json()) as Answer;
  if (code !== 0) throw new Error(`Doris refuses «${stmt.slice(0, 80)}»: ${JSON.stringify(data)}`);
  if (!isResultSet(data)) return { columns: [], rows: [], affectedRows: 0 };
  return { columns: data.meta, rows: data.data.map((row) => row.map((cell) => (cell === null ? null : String(cell)))), affectedRows: 0 };
}

function isResultSet(data: unknown): data is ResultSet {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'result_set';
}
