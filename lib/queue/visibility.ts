import type { ForwardedMessage } from '../source/iggy.ts';
import { type Millis, millis, seconds } from '../units.ts';

/** A message that is to stay hidden from now on. */
export interface HiddenMessage {
  readonly message: ForwardedMessage;
  readonly within: Millis;
}

/** The queues that messages come from. */
export interface Visibility {
  /** Keeps messages hidden for so long; what cannot be changed keeps the timeout of its queue. Never fails. */
  hide(messages: readonly HiddenMessage[]): Promise<void>;
}

const FIRST = seconds(5);
/** Cut off at random, so that messages that failed together do not come again together. */
const JITTER = 0.25;

/**
 * How long a message stays hidden that could not be settled: 5 s, doubled with every receive, up to the longest; the last quarter at
 * random. In an outage that lasts, a message so is received about twelve times, and then once every `0.75 * longest` or less often.
 */
export function hiddenFor(receives: number, longest: Millis, random: number): Millis {
  const span = Math.min(longest, FIRST * 2 ** Math.min(receives - 1, 30));
  return millis(span * (1 - JITTER * random));
}
