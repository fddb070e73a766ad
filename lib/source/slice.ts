/** Where bytes stand in a memory: from `start`, not including `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Bytes that lie in a larger memory. An event has ten thousand payloads, and a view of each would cost as much as decoding it: it is made
 * when somebody asks.
 */
export interface Slice extends Span {
  readonly memory: Buffer;
}

/** All of these bytes, not copied. */
export function sliceOf(bytes: Uint8Array): Slice {
  return { memory: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), start: 0, end: bytes.byteLength };
}

/** The bytes themselves, not copied. */
export function bytesOf({ memory, start, end }: Slice): Buffer {
  return memory.subarray(start, end);
}

/** How many bytes. */
export function lengthOf({ start, end }: Span): number {
  return end - start;
}
