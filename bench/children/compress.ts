import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Contender } from './laps.ts';

const packed = promisify(gzip);

/** Packing a load's bytes, at two levels. */
export const compressors = { 'gzip-1': () => packing(1), 'gzip-6': () => packing(6) } as const;

function packing(level: number): Contender {
  return async (_event, { body }) => void (await packed(body, { level }));
}
