import { gzipSync } from 'node:zlib';
import type { Deadline } from '../deadline.ts';
import type { Load, LoadOutcome } from '../ports.ts';
import { bytes } from '../units.ts';
import { joined, sizeOf } from './body.ts';
import type { Line } from './line.ts';
import { loadUntilTold } from './load.ts';
import { isAboutFormat } from './texts.ts';

/** Level 6 costs three times as much for a few hundredths more (docs/performance.md). */
const FASTEST = 1;

/** What proxies and firewalls answer to a body that they cannot read; to a load without any body, too, where they mean something else. */
const OF_PROXIES = /\bHTTP 4(00|03|13|15|22)\b/;

/**
 * Puts loads packed, where that is set. What Doris refuses packed is put once more as it is, under the same label: a backend that does not unpack
 * reads packed bytes as bad rows, so that only those of an unpacked load may be blamed. Once that shows, nothing more is packed.
 */
export function packLoads(line: Line): (load: Load, deadline: Deadline) => Promise<LoadOutcome> {
  let packs = line.settings.compression === 'gzip';
  return async (load, deadline) => {
    const packed = packs && load.mayPack ? smaller(load.body) : undefined;
    if (packed === undefined) return await loadUntilTold({ ...load, compression: 'none' }, deadline, line);
    const outcome = await loadUntilTold({ ...load, body: [packed], compression: 'gz' }, deadline, line);
    const objection = objectionOf(outcome);
    if (objection === undefined) return asPacked(outcome, packed);
    const plain = await loadUntilTold({ ...load, inDoubt: outcome.kind === 'unknown', compression: 'none' }, deadline, line);
    const attempts = outcome.attempts + plain.attempts;
    // What is refused in either form tells nothing of unpacking.
    if (plain.kind === outcome.kind) return { ...plain, attempts };
    packs = false;
    return { ...plain, attempts, packing: { kind: 'refused', reason: objection } };
  };
}

/** The body packed in one piece, unless that makes it longer. */
function smaller(body: readonly Uint8Array[]): Uint8Array | undefined {
  const packed = gzipSync(joined(body), { level: FASTEST });
  return packed.length < sizeOf(body) ? packed : undefined;
}

/** Where nothing was sent, nothing was packed. */
function asPacked(outcome: LoadOutcome, packed: Uint8Array): LoadOutcome {
  return outcome.attempts === 0 ? outcome : { ...outcome, packing: { kind: 'packed', bytes: bytes(packed.length) } };
}

/** Why Doris refused a load that may be due to its being packed. */
function objectionOf(outcome: LoadOutcome): string | undefined {
  switch (outcome.kind) {
    case 'rejected-data':
      return outcome.rejection.reason;
    case 'rejected-config':
    case 'unknown':
      return isAboutFormat(outcome.reason) || OF_PROXIES.test(outcome.reason) ? outcome.reason : undefined;
    case 'committed':
    case 'unavailable':
    case 'overload':
    case 'running':
    case 'unverifiable':
      return undefined;
    default:
      return outcome satisfies never;
  }
}
