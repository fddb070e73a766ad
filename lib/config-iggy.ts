import type * as z from 'zod';
import type { IGGY_SETTINGS } from './settings-iggy.ts';
import type { IggyDecodeRules } from './source/iggy.ts';
import type { DecodeRules } from './source/kinesis.ts';
import { type Millis, seconds } from './units.ts';

/** What the environment decides for `iggy-loader` alone. */
export type IggyConfig = Omit<IggyDecodeRules, keyof DecodeRules> & {
  /** Longest time for which an unsettled message stays hidden. */
  readonly longestHidden: Millis;
};

type Value<N extends keyof typeof IGGY_SETTINGS> =
  | z.output<(typeof IGGY_SETTINGS)[N]['schema']>
  | ((typeof IGGY_SETTINGS)[N] extends { optional: true } ? undefined : never);
type Values = { readonly [N in keyof typeof IGGY_SETTINGS]: Value<N> };

/** The settings, checked before. */
export function iggyOf(values: Values): IggyConfig {
  const metadataColumns = values.IGGY_METADATA_COLUMNS;
  return {
    bodies: values.IGGY_BODIES,
    bareSource: values.IGGY_BARE_SOURCE ?? { stream: '-', topic: '-' },
    bodyEncoding: values.IGGY_BODY_ENCODING,
    longestHidden: seconds(values.IGGY_RETRY_MAX_SECONDS),
    ...(metadataColumns === undefined ? {} : { metadataColumns }),
  };
}

/** What the settings say that does not go together. @param bodies - undefined when it was refused. */
export function iggyContradictions(
  bodies: Values['IGGY_BODIES'] | undefined,
  isGiven: (name: keyof typeof IGGY_SETTINGS) => boolean,
): string[] {
  if (bodies === undefined) return [];
  if (bodies === 'envelope')
    return isGiven('IGGY_BARE_SOURCE') ? ['IGGY_BARE_SOURCE: goes with IGGY_BODIES bare or raw; envelopes say where they come from'] : [];
  return [
    ...(isGiven('IGGY_BARE_SOURCE') ? [] : [`IGGY_BARE_SOURCE: is missing, and IGGY_BODIES is ${bodies}`]),
    ...(isGiven('IGGY_METADATA_COLUMNS') ? [`IGGY_METADATA_COLUMNS: ${bodies} bodies have no metadata`] : []),
  ];
}
