/** Numbers that must not be mixed up carry their unit in the type. A plain number becomes one only through these functions. */

declare const unit: unique symbol;

/** A span of time in milliseconds. */
export type Millis = number & { readonly [unit]: 'ms' };
/** A point in time: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMillis = number & { readonly [unit]: 'epoch ms' };
/** A size in bytes. */
export type Bytes = number & { readonly [unit]: 'bytes' };

export const millis = (value: number): Millis => value as Millis;
export const seconds = (value: number): Millis => (value * 1000) as Millis;
export const hours = (value: number): Millis => (value * 3_600_000) as Millis;
export const epochMillis = (value: number): EpochMillis => value as EpochMillis;
export const bytes = (value: number): Bytes => value as Bytes;
export const mebibytes = (value: number): Bytes => (value * 1024 * 1024) as Bytes;
