import type { Context } from 'aws-lambda';
import { systemClock } from '../lib/clock.ts';
import { readConfig } from '../lib/config.ts';
import { invocationDeadlines } from '../lib/deadline.ts';
import { powertoolsTelemetry } from '../lib/powertools-telemetry.ts';
import { readOptions } from '../lib/redrive/options.ts';
import type { Left, RunReport } from '../lib/redrive/report.ts';
import { redriveQueue } from '../lib/redrive/run.ts';
import { wireRun } from '../lib/redrive/wire.ts';
import { millis } from '../lib/units.ts';

/** A long poll of the queue takes part of the time. */
const AWS_CALLS = { maxAttempts: 4, requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } };

/** What is told of the letters that stay: as many as one answer should hold. */
const MOST_TOLD = 100;

/** The report of one run, its letters that stay cut to the first hundred, and counted by what became of them. */
export interface RedriveAnswer extends RunReport {
  readonly leftBy: Readonly<Record<Left['fate'], number>>;
}

/**
 * Lambda handler that redrives dead letters inside the VPC, on demand or on a schedule. Run at the same time as another, or killed, it
 * loads nothing twice.
 * @param event - options: `where`, `dryRun`, `rate`, `limit`, `unverifiable`, `from` (docs/operations.md).
 * @throws {ConfigError} naming every faulty setting or option.
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<RedriveAnswer> {
  const config = readConfig(process.env);
  const wanted = readOptions(event);
  const remaining = millis(context.getRemainingTimeInMillis());
  const telemetry = powertoolsTelemetry(config.metricsNamespace, systemClock);
  const deadline = invocationDeadlines(remaining, systemClock).loads;
  // When this invocation dies, its letters are seen again as soon as it is surely over.
  const run = wireRun(config, AWS_CALLS, { ...wanted, deadline, hold: remaining, telemetry });
  try {
    const report = await redriveQueue(run);
    const leftBy = { refused: 0, unverifiable: 0, kept: 0, foreign: 0 };
    for (const { fate } of report.left) leftBy[fate]++;
    // On a schedule nobody gets the answer.
    telemetry.report('redrive', { ...report, left: report.left.length, leftBy });
    return { ...report, left: report.left.slice(0, MOST_TOLD), leftBy };
  } finally {
    telemetry.flush();
    await run.close();
  }
}
