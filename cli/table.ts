/** What stands in a table: numbers and numeric text go to the right, nothing is shown as `-`. */
export type Cell = string | number | undefined;

/** A table for people: columns aligned, two spaces between them, no frame. */
export function tableText(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => head.map((_, column) => cellText(row[column])));
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const toTheRight = head.map((_, column) => rows.length > 0 && rows.every((row) => isNumeric(row[column])));
  return [head, ...cells].map((row) => lineOf(row, widths, toTheRight)).join('\n');
}

function lineOf(row: readonly string[], widths: readonly number[], toTheRight: readonly boolean[]): string {
  const padded = row.map((cell, column) => (toTheRight[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)));
  return padded.join('  ').trimEnd();
}

function cellText(cell: Cell): string {
  if (cell === undefined || cell === '') return '-';
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell;
}

function isNumeric(cell: Cell): boolean {
  return cell === undefined || typeof cell === 'number';
}
