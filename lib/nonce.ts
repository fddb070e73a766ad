import type { Clock } from './clock.ts';

const NONCES = 2 ** 48;

/** A number that nobody else draws: 48 random bits, which numbers of JavaScript and DynamoDB hold exactly. */
export function drawNonce({ random }: Pick<Clock, 'random'>): number {
  return Math.floor(random() * NONCES);
}
