import type { Clock } from '../../../../local/doris/clock.ts';
import type { DorisStandIn } from '../../../../local/doris/run.ts';
import { type DorisOptions, startDoris } from '../../../../local/doris/start.ts';

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  advance(ms: number): void;
}

export const HOUR = 3_600_000;

/** Begins at some instant that no test depends on. */
export function testClock(): TestClock {
  let now = 1_790_000_000_000;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}

/** A stand-in with the database `db` and in it the table `t` (`k` BIGINT NOT NULL, `v` VARCHAR(8)). */
export async function startTestDoris(options: DorisOptions = {}): Promise<DorisStandIn> {
  const doris = await startDoris(options);
  await doris.query('CREATE DATABASE db');
  await createTable(doris, 't');
  return doris;
}

/** One more table of the same columns. */
export async function createTable(doris: DorisStandIn, name: string, properties: readonly string[] = []): Promise<void> {
  const all = ['"replication_num" = "1"', ...properties].join(', ');
  const columns = '`k` BIGINT NOT NULL, `v` VARCHAR(8) NULL';
  await doris.query(
    `CREATE TABLE ${name} (${columns}) DUPLICATE KEY(\`k\`) DISTRIBUTED BY HASH(\`k\`) BUCKETS 1 PROPERTIES (${all})`,
    'db',
  );
}

/** What is visible in a table of `db`. */
export async function rowsIn(doris: DorisStandIn, table = 't'): Promise<number> {
  const { rows } = await doris.query(`SELECT count(*) FROM ${table}`, 'db');
  return Number(rows[0]?.[0]);
}

/** The only backend, or the one with this number. */
export function backendUrl(doris: DorisStandIn, index = 0): string {
  const url = doris.beUrls[index];
  if (url === undefined) throw new RangeError(`no backend ${index}`);
  return url;
}
