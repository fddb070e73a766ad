/** One JSON object of a sample, with the number of its line. */
export interface SampleRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The object as it stands in the file. */
  readonly text: string;
}
