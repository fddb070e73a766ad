/** What a command ends with, for scripts. Documented in docs/operations.md. */
export const EXIT = {
  /** Done, and nothing is amiss. */
  done: 0,
  /** Done, and what was looked at is not in order. */
  amiss: 1,
  /** Arguments or settings are wrong; nothing was done. */
  wrongInput: 2,
  /** AWS, Doris or a file did not do what was asked. */
  failed: 3,
  /** Nobody confirmed; nothing was changed. */
  notConfirmed: 4,
  /** Ctrl-C or SIGTERM ended it; what was done until then stays done. As shells count: 128 and the number of the signal. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
