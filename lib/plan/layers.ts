import type { DecodedRecord } from '../source/record.ts';

/**
 * Splits records into as few layers as it takes for the offsets of each to rise strictly and to span less than the limit; each layer keeps
 * the order of its records. Records of one incarnation of one partition are one layer; where the offsets of a body go back, since its
 * topic was purged or the connector mixed partitions, what came before the step and what comes after it do not share a layer.
 * @param inOrder - no record passes another one: one layer after the other, they are the records as they came.
 */
export function layersOf(records: readonly DecodedRecord[], span: bigint, inOrder: boolean): DecodedRecord[][] {
  const layers: { readonly records: DecodedRecord[]; readonly end: bigint; last: bigint }[] = [];
  for (const decoded of records) {
    const offset = BigInt(decoded.record.position);
    const layer = (inOrder ? layers.slice(-1) : layers).find(({ last, end }) => last < offset && offset < end);
    if (layer === undefined) layers.push({ records: [decoded], end: offset + span, last: offset });
    else {
      layer.records.push(decoded);
      layer.last = offset;
    }
  }
  return layers.map((layer) => layer.records);
}
