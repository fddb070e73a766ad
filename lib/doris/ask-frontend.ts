import { type Deadline, deadlineIn } from '../deadline.ts';
import { type Millis, millis } from '../units.ts';
import { authorize, renewed } from './authorization.ts';
import type { Line } from './line.ts';
import type { Answer } from './question.ts';
import { redirectTo, startOf } from './redirect.ts';

const LONGEST_ANSWER = 256 * 1024;

/** A question to a frontend: a path with query, and JSON to post to it, or headers to put, if any. */
export interface Inquiry {
  readonly path: string;
  readonly post?: string;
  readonly put?: Readonly<Record<string, string>>;
}

/**
 * Asks one frontend and follows it to the master (reference 5), by the same policy as a load; once more when it refuses a password that was
 * changed since.
 */
export async function askFrontend(frontend: URL, inquiry: Inquiry, left: Millis, line: Line): Promise<Answer> {
  const deadline = deadlineIn(millis(Math.min(left, line.settings.frontendTimeout)), line.clock);
  const authorization = await authorize(line, left);
  if (authorization.kind === 'unavailable') return { kind: 'silent', reason: authorization.reason };
  const answer = await askAs(authorization.value, frontend, inquiry, deadline, line);
  if (!isUnauthorized(answer)) return answer;
  const other = await renewed(line, deadline.remaining(), authorization);
  return other === undefined ? answer : await askAs(other.value, frontend, inquiry, deadline, line);
}

async function askAs(authorization: string, frontend: URL, { path, ...method }: Inquiry, deadline: Deadline, line: Line): Promise<Answer> {
  const visited: [URL, ...URL[]] = [startOf(frontend, path)];
  for (;;) {
    const url = visited.at(-1) ?? visited[0];
    const answer = await line.wires.ask({ url, authorization, within: deadline.remaining(), longest: LONGEST_ANSWER, ...method });
    if (answer.kind === 'silent' || (answer.status !== 307 && answer.status !== 308)) return answer;
    const next = redirectTo(answer.location, { asked: path, visited }, line.settings);
    if (next.kind === 'refuse') return { kind: 'silent', reason: next.reason };
    visited.push(next.url);
  }
}

/** Doris says 200 and means the code in the body; a proxy means the status. */
function isUnauthorized(answer: Answer): boolean {
  if (answer.kind === 'silent') return false;
  const told = dataOf(answer.text);
  return answer.status === 401 || (told !== undefined && 'fault' in told && told.fault.startsWith('code 401:'));
}

/** The `data` of the frontend's `{msg, code, data}` shape when it reports no fault; otherwise what it reports, undefined when it is another shape. */
export function dataOf(text: string): { readonly data: unknown } | { readonly fault: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('code' in value)) return undefined;
    const data = 'data' in value ? value.data : undefined;
    return value.code === 0 ? { data } : { fault: `code ${String(value.code)}: ${typeof data === 'string' ? data : 'no reason given'}` };
  } catch {
    return undefined;
  }
}
