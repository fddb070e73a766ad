/** Hops and rules that doctor checks: those of a load in the order in which it meets them, then what AWS is asked. */
export const CHECKS = [
  'settings',
  'dns',
  'tcp',
  'tls',
  'fe-auth',
  'backends',
  'redirect',
  'backend',
  'load',
  'database',
  'table',
  'privilege',
  'schema',
  'compression',
  'label-state',
  'label-memory',
  'timeouts',
  'dynamodb',
  'sqs',
  's3',
  'stream',
  'mapping',
  'secret',
] as const;
export type Check = (typeof CHECKS)[number];

/** What a check may come to. `fault`: nothing loads, or data is at risk. `warning`: works now. `untold`: could not be found out. */
export const VERDICTS = ['ok', 'warning', 'fault', 'untold'] as const;

/** What one check came to. */
export interface Finding {
  readonly check: Check;
  readonly verdict: (typeof VERDICTS)[number];
  /** What was looked at: an address, a table, a resource. */
  readonly subject: string;
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
}

export function ok(check: Check, subject: string, what: string): Finding {
  return { check, verdict: 'ok', subject, what };
}

export function fault(check: Check, subject: string, what: string, advice: string): Finding {
  return { check, verdict: 'fault', subject, what, advice };
}

export function warning(check: Check, subject: string, what: string, advice: string): Finding {
  return { check, verdict: 'warning', subject, what, advice };
}

export function untold(check: Check, subject: string, what: string, advice: string): Finding {
  return { check, verdict: 'untold', subject, what, advice };
}

/** Whether everything that was found lets what comes after it be tried. */
export function passes(findings: readonly Finding[]): boolean {
  return findings.every(({ verdict }) => verdict !== 'fault');
}
