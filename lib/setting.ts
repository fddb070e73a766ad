import type * as z from 'zod';

/** One environment variable: what it means, what it may hold, and what it is when it is absent. */
export interface Setting<T> {
  readonly about: string;
  /** What is allowed, in words; part of the error for anything else. */
  readonly rule: string;
  readonly schema: z.ZodType<T, string>;
  /** Text that stands for an absent variable. Without one an absent variable is a fault, or `undefined` where `optional`. */
  readonly fallback?: string;
  readonly optional?: true;
  /** The value is never printed. */
  readonly secret?: true;
  /** Empty text is a value of its own, not an absent variable. */
  readonly mayBeEmpty?: true;
}

/** Keeps the type of a setting's value. */
export function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}
