import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { spellPosition } from '../source/position.ts';
import { type RecordReader, readRecordAt } from '../source/stream.ts';
import type { StoredLetter } from './read.ts';

/** Where payloads lie that are not in the message itself. */
export interface PayloadSources {
  /** The bucket of the loader. */
  readonly bucket?: { readonly client: S3Client; readonly name: string };
  readonly streams: RecordReader;
}

/** The payload of a letter, byte for byte, or why it cannot be had. */
export type Payload = { readonly kind: 'payload'; readonly bytes: Buffer } | { readonly kind: 'missing'; readonly reason: string };

const missing = (reason: string): Payload => ({ kind: 'missing', reason });
const found = (bytes: Uint8Array): Payload => ({ kind: 'payload', bytes: Buffer.from(bytes) });

/** Fetches the payload of a letter from the message, the bucket, or the stream. */
export async function payloadOf(letter: StoredLetter, sources: PayloadSources): Promise<Payload> {
  switch (letter.encoding) {
    case 'utf8':
      return found(Buffer.from(letter.body, 'utf8'));
    case 'base64':
      return found(Buffer.from(letter.body, 'base64'));
    case 's3':
      return await fromBucket(letter.body, sources);
    case 'omitted':
      return await fromStream(letter, sources);
    default:
      return letter.encoding satisfies never;
  }
}

async function fromBucket(place: string, { bucket }: PayloadSources): Promise<Payload> {
  const [, name, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(place) ?? [];
  if (name === undefined || key === undefined) return missing(`its body is no place in a bucket: ${place.slice(0, 100)}`);
  // Whoever can send letters must not choose what is read.
  if (bucket === undefined || bucket.name !== name) return missing(`its payload lies in bucket ${name}, which is not DEAD_LETTER_BUCKET`);
  try {
    const { Body } = await bucket.client.send(new GetObjectCommand({ Bucket: name, Key: key }));
    return Body === undefined ? missing(`${place} is empty`) : found(await Body.transformToByteArray());
  } catch (error) {
    return missing(`${place} cannot be read: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  }
}

async function fromStream({ source, position }: StoredLetter, { streams }: PayloadSources): Promise<Payload> {
  if (source.kind !== 'kinesis') return missing('its payload was omitted, and Iggy cannot be read from here');
  try {
    const bytes = await readRecordAt(streams, source, position);
    return bytes === undefined
      ? missing(`its payload was omitted, and the stream has no record at ${spellPosition(position)} any more`)
      : found(bytes);
  } catch (error) {
    return missing(`its payload was omitted, and the stream cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
