/** A JSON object of Doris, before anybody has looked at its values. */
export type Fields = Readonly<Record<string, unknown>>;

/** A text; undefined when it is anything else. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A number; undefined when it is anything else. */
export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The transaction that a report is about; -1 means that none was begun. */
export function txnId(fields: Fields): number | undefined {
  const id = count(fields['TxnId']);
  return id !== undefined && id > 0 ? id : undefined;
}
