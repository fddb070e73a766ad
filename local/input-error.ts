/** What a person gave cannot be used. The message is all that they need: it is shown without a stack. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** What a program ends with when it cannot use what it was given. */
export const WRONG_INPUT = 2;
