import { LARGEST_BATCH, type LoaderSettings } from './loader-settings.ts';

/** Most that it takes of a FIFO queue. */
export const LARGEST_FIFO_BATCH = 10;

/** What one invocation brings. A FIFO queue knows no window. */
export interface BatchLimits {
  readonly size: number;
  readonly largest: number;
  readonly windowSeconds: number | undefined;
}

/** The batch that a loader's settings ask for. */
export function batchOf({ batch, source }: Pick<LoaderSettings, 'batch' | 'source'>): BatchLimits {
  const isFifo = source.kind === 'iggy' && source.queue === 'fifo';
  const largest = isFifo ? LARGEST_FIFO_BATCH : LARGEST_BATCH;
  return { size: batch.size ?? largest, largest, windowSeconds: isFifo ? undefined : (batch.windowSeconds ?? 5) };
}
