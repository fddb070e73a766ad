import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw } from 'node:zlib';
import { type Refusal, refuse } from './refusal.ts';

/** A body ready for the reader, or why there is none. */
export type Unpacked = { readonly kind: 'plain'; readonly body: Buffer } | { readonly kind: 'refused'; readonly refusal: Refusal };

const unpackers: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  '': (body) => Promise.resolve(body),
  gz: promisify<Buffer, Buffer>(gunzip),
  deflate: (body) => promisify<Buffer, Buffer>(inflate)(body).catch(() => promisify<Buffer, Buffer>(inflateRaw)(body)),
};

/** Undoes `compress_type`. Doris knows lzo, bz2, lz4, lzop and snappy too; the stand-in says that it does not. */
export async function unpack(body: Buffer, compression: string): Promise<Unpacked> {
  const unpacker = unpackers[compression];
  if (unpacker === undefined) return refused(`this stand-in cannot read compress_type=${compression}`);
  if (body.length === 0) return { kind: 'plain', body };
  try {
    return { kind: 'plain', body: await unpacker(body) };
  } catch (error) {
    return refused(`Failed to inflate input compressed text. ${(error as Error).message}`);
  }
}

function refused(message: string): Unpacked {
  return { kind: 'refused', refusal: refuse('INTERNAL_ERROR', message) };
}
