/** Rows that Doris describes in the error log, and the limit past which zero tolerance gives up reading. */
const LOGGED_ROWS = 50;

/** Counts bad rows and keeps the reasons of the first ones (reference section 7). */
export interface ErrorLog {
  /** @param line - the row as far as Doris shows it for this kind of fault; may be empty. */
  add(reason: string, line: string): void;
  readonly badRows: () => number;
  readonly lines: () => readonly string[];
  /** True when more rows are bad than the log holds. */
  readonly overflowing: () => boolean;
}

/** Starts an empty log. */
export function errorLog(): ErrorLog {
  const lines: string[] = [];
  let badRows = 0;
  return {
    add: (reason, line) => {
      badRows++;
      if (badRows <= LOGGED_ROWS) lines.push(`Reason: ${reason}. src line [${line}]; `);
      else if (badRows === LOGGED_ROWS + 1) lines.push(`TOO MUCH ERROR! already reach ${LOGGED_ROWS}. show no more next error.`);
    },
    badRows: () => badRows,
    lines: () => lines,
    overflowing: () => badRows > LOGGED_ROWS,
  };
}
