import { tableText } from '../demo/print.ts';
import type { ChaosResult } from './run.ts';

/** Whether every record is where it belongs. */
export function isPassed({ count, isDrained }: ChaosResult): boolean {
  return isDrained && count.lost.length === 0 && count.doubled.length === 0 && count.wrong.length === 0;
}

/** The whole result as text. */
export function chaosText(result: ChaosResult): string {
  const { count, figures, faults, drainedAfterMs } = result;
  const injected = [...faults].toSorted(([a], [b]) => a.localeCompare(b));
  return [
    tableText(['fault', 'times'], [...injected, ['all', injected.reduce((sum, [, times]) => sum + times, 0)]]),
    tableText(['load, as logged', 'times'], [...figures.loadsByOutcome]),
    tableText(
      ['figure', 'value'],
      [
        ['invocations', figures.invocations],
        ['of them killed', figures.killedInvocations],
        ['of them answered with records left', figures.partialInvocations],
        ['claims resolved by their label', [...figures.resolvedClaims.values()].reduce((sum, times) => sum + times, 0)],
        ['seconds from the last fault to drained shards', Math.round(drainedAfterMs / 1000)],
        ['transactions of somebody else in the same database', figures.neighbours],
        ['records sent', count.sent],
        ['loads', figures.loads],
        ['rows stored', count.stored],
        ['records dead-lettered', count.deadLettered],
        ['dead letters in the queue, duplicates counted', figures.letters],
        ['lost', count.lost.length],
        ['doubled', count.doubled.length],
        ['in the wrong place or with a wrong reason', count.wrong.length],
      ],
    ),
    verdictText(result),
  ].join('\n\n');
}

const SHOWN = 20;

function verdictText(result: ChaosResult): string {
  if (isPassed(result)) return 'PASSED: every record is in the table once, or a dead letter with its reason';
  const { lost, doubled, wrong } = result.count;
  const faults = [
    ...(result.isDrained ? [] : ['the shards did not drain after the faults were over']),
    ...(lost.length > 0 ? [`lost: ${lost.slice(0, SHOWN).join(' ')}`] : []),
    ...(doubled.length > 0 ? [`doubled: ${doubled.slice(0, SHOWN).join(' ')}`] : []),
    ...wrong.slice(0, SHOWN),
  ];
  return `FAILED:\n${faults.map((fault) => `  ${fault}`).join('\n')}`;
}
