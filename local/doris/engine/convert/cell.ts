/**
 * A value ready to be stored: a text that DuckDB casts to the column's type without loss, or NULL. Texts, not JavaScript values, because
 * they keep every digit and because a row of texts can be handed over in one piece.
 */
export type Cell = string | null;

/** Makes a cell from the text of a field; `undefined` when the text is no value of the type. */
export type Convert = (text: string) => string | undefined;
