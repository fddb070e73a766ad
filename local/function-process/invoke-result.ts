/** What became of one invocation. */
export type InvokeResult =
  /** The handler's value as JSON text. */
  | { readonly kind: 'returned'; readonly payload: string }
  /** The handler threw, the module did not load, or the value could not be returned. */
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string; readonly trace: readonly string[] }
  /** The process was killed at the end of its time. */
  | { readonly kind: 'timeout'; readonly afterMillis: number }
  /** The process ended before it answered. */
  | { readonly kind: 'crashed'; readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Lambda quotas: 6 MB for the event of a synchronous invocation. */
export const largestRequest = 6 * 1024 * 1024;

/** The service's own error text names this number, a little above 6 MB. */
export const largestResponse = 6_291_556;

/** The event is larger than Lambda takes: the function is not invoked. */
export class RequestTooLarge extends Error {
  override readonly name = 'RequestTooLarge';
  readonly bytes: number;

  constructor(bytes: number) {
    super(`The event cannot be invoked: it has ${bytes} bytes and Lambda takes ${largestRequest} - cut the batch smaller`);
    this.bytes = bytes;
  }
}
