import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildAppOptions } from 'fauxqs';

type Stores = NonNullable<BuildAppOptions['stores']>;

/** fauxqs 1.9.2 exports only its entry; its stores and rules are reached as files of the installed package. */
async function importInternal(file: string): Promise<unknown> {
  const folders = createRequire(import.meta.url).resolve.paths('fauxqs') ?? [];
  const home = folders.map((folder) => join(folder, 'fauxqs')).find((folder) => existsSync(folder));
  if (home === undefined) throw new Error('fauxqs is not installed: run npm ci');
  return import(/* @vite-ignore */ pathToFileURL(join(home, 'dist', file)).href);
}

/**
 * Fresh stores. Left to itself the queue store invents a host name (`sqs.<region>.localhost`) that does not resolve; without one it
 * builds the queue URL from the caller's Host header. A queue is found by the name in its URL, as AWS's are under any endpoint.
 */
export async function createStores(): Promise<Stores> {
  const { SqsStore } = (await importInternal('sqs/sqsStore.js')) as { SqsStore: new () => Stores['sqsStore'] };
  const { SnsStore } = (await importInternal('sns/snsStore.js')) as { SnsStore: new () => Stores['snsStore'] };
  const { S3Store } = (await importInternal('s3/s3Store.js')) as { S3Store: new () => Stores['s3Store'] };
  const sqsStore = new SqsStore();
  sqsStore.host = '';
  sqsStore.getQueue = (url) => sqsStore.getQueueByName(url.slice(url.lastIndexOf('/') + 1));
  return { sqsStore, snsStore: new SnsStore(), s3Store: new S3Store() };
}

/** AWS allows #x9, #xA, #xD, #x20-#xD7FF, #xE000-#xFFFD and #x10000-#x10FFFF; fauxqs tests code units and so refuses the last range. */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Lets message bodies hold characters beyond the basic plane, such as emoji. */
export async function permitEveryPlane(): Promise<void> {
  const { INVALID_MESSAGE_BODY_CHAR } = (await importInternal('sqs/sqsTypes.js')) as { INVALID_MESSAGE_BODY_CHAR: RegExp };
  INVALID_MESSAGE_BODY_CHAR.test = (body) => forbidden.test(body);
}
