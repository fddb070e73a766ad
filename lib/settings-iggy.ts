import * as z from 'zod';
import { setting } from './setting.ts';
import { iggySource, metadataColumns, wholeNumber } from './setting-values.ts';

/** What is particular to `iggy-loader`. */
export const IGGY_SETTINGS = {
  IGGY_BODIES: setting({
    about:
      'What the SQS messages of `iggy-loader` hold: `envelope` is http_sink with `include_metadata = true`; `bare` and `raw` have no identity beyond their SQS message, so a body sent twice is stored twice ([Iggy](iggy.md))',
    rule: 'envelope, bare or raw',
    schema: z.enum(['envelope', 'bare', 'raw']),
    fallback: 'envelope',
  }),
  IGGY_BARE_SOURCE: setting({
    about: 'Stream and topic that `bare` and `raw` bodies come from',
    rule: 'stream/topic',
    schema: iggySource,
    optional: true,
  }),
  IGGY_BODY_ENCODING: setting({
    about: 'Whether every SQS body is base64 text; a message may say so itself by its attribute `content_encoding`',
    rule: 'text or base64',
    schema: z.enum(['text', 'base64']),
    fallback: 'text',
  }),
  IGGY_METADATA_COLUMNS: setting({
    about: "Columns that every row of `iggy-loader` is given from its message's metadata ([Iggy](iggy.md))",
    rule: 'comma-separated role=column with the roles offset, id, timestamp, origin_timestamp, checksum and headers, no role and no column twice',
    schema: metadataColumns,
    optional: true,
  }),
  IGGY_RETRY_MAX_SECONDS: setting({
    about: 'Longest time for which an SQS message that was not settled stays hidden; it begins with 5 s and doubles with every receive',
    ...wholeNumber(5, 43_200),
    fallback: '1800',
  }),
} as const;
