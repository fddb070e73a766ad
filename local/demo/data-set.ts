import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import type { TableDefinition } from '../doris/engine/table/definition.ts';
import type { DemoOptions } from './options.ts';
import { ownData } from './own-data.ts';

/** A record to be put on the stream. */
export interface OutgoingRecord {
  readonly data: Buffer;
  readonly partitionKey: string;
}

/** Something that can be asked of a table after the run, and what the source says. */
interface Check {
  readonly what: string;
  readonly sql: string;
  readonly expected: string;
}

/** Real data on its way to one table. */
export interface DataSet {
  readonly name: string;
  readonly table: string;
  readonly createTable: string;
  /** Column whose values are all different in the source. */
  readonly key?: string;
  /** The table of somebody's own data, which has no such column: it is compared as a whole with what the source makes of it. */
  readonly definition?: TableDefinition;
  records(): AsyncIterable<OutgoingRecord>;
  /** To be called after the last record. */
  checks(): Promise<readonly Check[]>;
}

/** The producer numbers flights from here on: every id lies beyond what a double holds exactly. */
const FIRST_ID = 2n ** 62n;

/** The data sets of a run: flights and earthquakes, or the file that was named. @throws {InputError} when that cannot be used. */
export async function dataSets(options: DemoOptions): Promise<readonly DataSet[]> {
  const { input, createTable, records } = options;
  if (input !== undefined && createTable !== undefined) return [await ownData(input, createTable, records)];
  const own = isPositioned(options) ? POSITION_DDL : '';
  return [flights(records, own), await earthquakes(own)];
}

/** Whether rows tell where they came from: where the stack stays up its commands are to be tried, and `reconcile` asks for that. */
export function isPositioned({ input, keepRunning }: DemoOptions): boolean {
  return keepRunning && input === undefined;
}

/** Goes with {@link isPositioned}: the value of `DORIS_POSITION_COLUMNS`. */
export const POSITION_COLUMNS = 'source=_source,shard=_shard,position=_position';

const POSITION_DDL = ', `_source` VARCHAR(256) NOT NULL, `_shard` VARCHAR(64) NOT NULL, `_position` VARCHAR(150) NOT NULL';

function packageFile(name: string): string {
  return fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')));
}

function flights(limit: number, moreColumns: string): DataSet {
  const rows = `(SELECT * FROM '${packageFile('flights-3m.parquet')}' LIMIT ${limit})`;
  return {
    name: 'flights',
    table: 'flights',
    key: 'id',
    createTable: `CREATE TABLE flights (
      \`id\` BIGINT NOT NULL, \`date\` DATETIME NOT NULL, \`delay\` INT NULL, \`distance\` INT NOT NULL,
      \`origin\` VARCHAR(3) NOT NULL, \`destination\` VARCHAR(3) NOT NULL${moreColumns}
    ) DUPLICATE KEY(\`id\`) DISTRIBUTED BY HASH(\`id\`) BUCKETS 4 PROPERTIES ("replication_num" = "1")`,
    async *records() {
      let id = FIRST_ID;
      for await (const [date, delay, distance, origin, destination] of queryRows(
        `SELECT strftime(date, '%Y-%m-%d %H:%M:%S'), delay::VARCHAR, distance::VARCHAR, origin, destination FROM ${rows}`,
      )) {
        const text = `{"id":${id},"date":"${date}","delay":${delay},"distance":${distance},"origin":"${origin}","destination":"${destination}"}`;
        yield { data: Buffer.from(text), partitionKey: `${origin}-${id % 64n}` };
        id++;
      }
    },
    async checks() {
      for await (const [delay, distance] of queryRows(`SELECT sum(delay)::VARCHAR, sum(distance)::VARCHAR FROM ${rows}`)) {
        return [
          { what: 'sum of all delays', sql: 'SELECT SUM(delay) FROM flights', expected: String(delay) },
          { what: 'sum of all distances', sql: 'SELECT SUM(distance) FROM flights', expected: String(distance) },
          { what: 'smallest id', sql: 'SELECT MIN(id) FROM flights', expected: String(FIRST_ID) },
          { what: 'largest id', sql: 'SELECT MAX(id) FROM flights', expected: String(FIRST_ID + BigInt(limit) - 1n) },
        ];
      }
      return [];
    },
  };
}

async function* queryRows(sql: string): AsyncGenerator<readonly unknown[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const result = await connection.stream(sql);
    for await (const rows of result.yieldRows()) yield* rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

interface Feature {
  readonly id: string;
  readonly properties: { readonly mag: number | null };
}

async function earthquakes(moreColumns: string): Promise<DataSet> {
  const { features } = JSON.parse(await readFile(packageFile('earthquakes.json'), 'utf8')) as { features: readonly Feature[] };
  return {
    name: 'earthquakes',
    table: 'earthquakes',
    key: 'id',
    createTable: `CREATE TABLE earthquakes (
      \`id\` VARCHAR(32) NOT NULL, \`type\` VARCHAR(16) NOT NULL, \`properties\` VARIANT NULL, \`geometry\` VARIANT NULL${moreColumns}
    ) DUPLICATE KEY(\`id\`) DISTRIBUTED BY HASH(\`id\`) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    async *records() {
      for (const feature of features) yield { data: Buffer.from(JSON.stringify(feature)), partitionKey: feature.id };
    },
    async checks() {
      const strong = features.filter(({ properties }) => (properties.mag ?? 0) >= 5).length;
      return [
        {
          what: 'earthquakes of magnitude 5 and more',
          sql: "SELECT COUNT(*) FROM earthquakes WHERE CAST(properties['mag'] AS DOUBLE) >= 5",
          expected: String(strong),
        },
      ];
    },
  };
}
