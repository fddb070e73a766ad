import type { Design, DesignedColumn } from './table.ts';

/** @param replicas - left to the cluster's default when absent. @param withReasons - a comment beside each column. */
export function createTableText(table: string, design: Design, replicas: number | undefined, withReasons: boolean): string {
  const { columns, key, model, spread } = design;
  const lines = columns.map((column, index) => columnText(column, index === columns.length - 1, withReasons));
  const sorted = key.length === 0 ? [] : [`${model} KEY(${key.map(quoted).join(', ')})`];
  return [
    `CREATE TABLE ${table.split('.').map(quoted).join('.')} (`,
    ...lines,
    ')',
    ...sorted,
    `DISTRIBUTED BY ${spread === undefined ? 'RANDOM' : `HASH(${quoted(spread)})`} BUCKETS AUTO`,
    ...propertiesOf(design, replicas),
  ].join('\n');
}

function columnText({ name, type, nullable, reason }: DesignedColumn, isLast: boolean, withReason: boolean): string {
  const declared = `  ${quoted(name)} ${type} ${nullable ? 'NULL' : 'NOT NULL'}${isLast ? '' : ','}`;
  return withReason ? `${declared} -- ${reason}` : declared;
}

/** Without a key Doris would take the first columns for one. */
function propertiesOf({ key }: Design, replicas: number | undefined): readonly string[] {
  const properties = [
    ...(key.length === 0 ? ['"enable_duplicate_without_keys_by_default" = "true"'] : []),
    ...(replicas === undefined ? [] : [`"replication_num" = "${replicas}"`]),
  ];
  return properties.length === 0 ? [] : [`PROPERTIES (${properties.join(', ')})`];
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
