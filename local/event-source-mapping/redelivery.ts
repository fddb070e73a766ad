/** Bad luck for tests: what a real mapping may do, since it promises each record at least once. */
export interface RedeliveryOptions {
  /** The same seed brings the same luck to the same batches of a shard. */
  readonly seed: number;
  /** How likely a batch has bad luck, 0 to 1. */
  readonly probability: number;
  /** Which kinds may strike; default: all. */
  readonly kinds?: readonly BadLuck['kind'][];
}

/** One stroke of it. */
export type BadLuck =
  /** The settled batch comes a second time, cut as before. */
  | { readonly kind: 'repeat' }
  /** Its last records come again at the head of the next batch, so at other boundaries. */
  | { readonly kind: 'rewind'; readonly records: number }
  /** Two pollers hold the shard for a moment: the batch is delivered twice at the same time. */
  | { readonly kind: 'overlap' };

const everyKind: readonly BadLuck['kind'][] = ['repeat', 'rewind', 'overlap'];

/** Draws the luck of a shard's batches, one after the other. */
export function luckOf(options: RedeliveryOptions | undefined, shardId: string): (records: number) => BadLuck | undefined {
  if (options === undefined) return () => undefined;
  const { seed, probability, kinds = everyKind } = options;
  const random = generator(seed ^ Number(shardId.slice(-9)));
  return (records) => {
    if (random() >= probability) return undefined;
    const kind = kinds[Math.floor(random() * kinds.length)];
    if (kind === undefined) return undefined;
    return kind === 'rewind' ? { kind, records: 1 + Math.floor(random() * records) } : { kind };
  };
}

/** Numbers in [0, 1): a linear congruential generator; its low bits are poor, so the high ones are used. */
export function generator(seed: number): () => number {
  let state = BigInt(seed >>> 0);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number(state >> 32n) / 2 ** 32;
  };
}
