import { type Millis, millis } from '../units.ts';
import { authorize } from './authorization.ts';
import type { Line } from './line.ts';
import type { Answer } from './question.ts';
import { redirectTo } from './redirect.ts';

const LONGEST_ANSWER = 256 * 1024;

/** A question to a frontend: a path with query, and JSON to post to it, or headers to put, if any. */
export interface Inquiry {
  readonly path: string;
  readonly post?: string;
  readonly put?: Readonly<Record<string, string>>;
}

/** Asks one frontend and follows it to the master (reference 5), by the same policy as a load. */
export async function askFrontend(frontend: URL, { path, ...method }: Inquiry, left: Millis, line: Line): Promise<Answer> {
  const end = line.clock.elapsed() + Math.min(left, line.settings.frontendTimeout);
  const authorization = await authorize(line, left);
  if (authorization.kind === 'unavailable') return { kind: 'silent', reason: authorization.reason };
  const visited: [URL, ...URL[]] = [new URL(`${frontend.pathname.replace(/\/$/, '')}${path}`, frontend)];
  for (;;) {
    const url = visited.at(-1) ?? visited[0];
    const within = millis(end - line.clock.elapsed());
    const answer = await line.wires.ask({ url, authorization: authorization.value, within, longest: LONGEST_ANSWER, ...method });
    if (answer.kind === 'silent' || (answer.status !== 307 && answer.status !== 308)) return answer;
    const next = redirectTo(answer.location, visited, line.settings);
    if (next.kind === 'refuse') return { kind: 'silent', reason: next.reason };
    visited.push(next.url);
  }
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
