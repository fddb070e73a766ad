import { json, type Reply } from './call.ts';

/** The FE's body for loads: `{status, msg}` on HTTP 200 (reference 1.1). */
export function failed(msg: string): Reply {
  return json({ status: 'FAILED', msg });
}

/** The FE's body for everything else: `{msg, code, data, count}` on HTTP 200, whatever the inner code. */
export function ok(data: unknown): Reply {
  return json({ msg: 'success', code: 0, data, count: 0 });
}

/** Inner code 1. */
export function commonError(data: string): Reply {
  return json({ msg: 'Error', code: 1, data, count: 0 });
}

/** Inner code 403, which is Doris's "bad request". */
export function badRequest(data: string): Reply {
  return json({ msg: 'Bad Request', code: 403, data, count: 0 });
}

/** Inner code 401. */
export function unauthorized(data: string): Reply {
  return json({ msg: 'Unauthorized', code: 401, data, count: 0 });
}

/** Inner code 500: an exception that nobody caught. */
export function internalError(data: string): Reply {
  return json({ msg: 'Internal Error', code: 500, data, count: 0 });
}

/** The MetaNotFoundException of an unknown database, as text. */
export function unknownDatabase(database: string): string {
  return `errCode = 7, detailMessage = unknown databases, dbName=${database}`;
}
