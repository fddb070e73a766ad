/** One message that stays in the queue, and why. */
export interface Left {
  readonly messageId: string;
  readonly fate: 'refused' | 'unverifiable' | 'kept' | 'foreign';
  readonly reason: string;
  /** Which record, where it is one's letter. */
  readonly target?: string;
  readonly shard?: string;
  readonly position?: string;
}

/** What a run did, in messages. */
export interface RunReport {
  readonly read: number;
  /** Not meant by the conditions. */
  readonly passed: number;
  /** Loaded now; or ready to be, in a dry run. */
  readonly loaded: number;
  /** Of those, the ones that an earlier redrive had loaded. */
  readonly before: number;
  readonly removed: number;
  readonly left: readonly Left[];
  /** The queue may have more: time or the limit was over first, or the run was stopped. */
  readonly more: boolean;
}

/** The report of a run that has read nothing yet. */
export const NOTHING: RunReport = { read: 0, passed: 0, loaded: 0, before: 0, removed: 0, left: [], more: false };

/** The report of two stretches of a run. */
export function added(report: RunReport, round: RunReport): RunReport {
  return {
    read: report.read + round.read,
    passed: report.passed + round.passed,
    loaded: report.loaded + round.loaded,
    before: report.before + round.before,
    removed: report.removed + round.removed,
    left: [...report.left, ...round.left],
    more: false,
  };
}
