import type { Deadline } from '../deadline.ts';
import type { Rejection } from '../ports.ts';
import { millis } from '../units.ts';
import { authorize } from './authorization.ts';
import type { Line } from './line.ts';
import { addressed, objectionTo, withoutUserinfo } from './redirect.ts';
import type { RefusedRows } from './verdict.ts';
import { firstReason, wording } from './wording.ts';

const ERROR_LOG_WITHIN = millis(2000);
const ERROR_LOG_LONGEST = 8 * 1024;

/** The best reason to be had: Doris's first error, else the first line behind ErrorURL, else its message. Not finding one changes nothing. */
export async function explain(refused: RefusedRows, deadline: Deadline, line: Line): Promise<Rejection> {
  const url = errorUrl(refused);
  const reason =
    wording(refused.firstError ?? '') ||
    (url === undefined ? '' : await readErrorLog(url, deadline, line)) ||
    wording(refused.message) ||
    'no reason given';
  return { reason, counted: refused.counted, ...(url === undefined ? {} : { errorUrl: url.href }) };
}

function errorUrl(refused: RefusedRows): URL | undefined {
  const text = refused.errorUrl ?? '';
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? withoutUserinfo(new URL(text)) : undefined;
}

/** Credentials go along only where a redirect could have taken them; most often the file needs none (reference 7). */
async function readErrorLog(errorLog: URL, deadline: Deadline, line: Line): Promise<string> {
  const { settings, wires, frontends } = line;
  const url = addressed(errorLog, settings.backendAddresses);
  const from = frontends.inTurn()[0] ?? url;
  const within = millis(Math.min(ERROR_LOG_WITHIN, deadline.remaining()));
  const allowed = objectionTo(url, from, settings) === undefined ? await authorize(line, within) : undefined;
  const authorization = allowed?.kind === 'header' ? allowed.value : undefined;
  if (within <= 0) return '';
  const answer = await wires.ask({ url, authorization, within, longest: ERROR_LOG_LONGEST });
  return answer.kind === 'answer' && answer.status === 200 ? firstReason(answer.text) : '';
}
