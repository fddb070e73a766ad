import type { Deadline } from '../deadline.ts';
import { askFrontend, dataOf } from './ask-frontend.ts';
import type { Backends, Line } from './line.ts';
import { addressed, objectionTo } from './redirect.ts';

const KEPT_FOR = 10_000;

interface Known {
  readonly until: number;
  readonly backends: readonly URL[];
}

/** A list that is asked for when it is first needed. */
export function knowBackends(): Backends {
  let known: Known = { until: 0, backends: [] };
  let turn = 0;
  return {
    inTurn: async (deadline, line) => {
      if (line.clock.elapsed() >= known.until) {
        known = { backends: await askBackends(deadline, line), until: line.clock.elapsed() + KEPT_FOR };
      }
      turn += 1;
      return rotated(known.backends, turn);
    },
  };
}

async function askBackends(deadline: Deadline, line: Line): Promise<readonly URL[]> {
  for (const frontend of line.frontends.inTurn()) {
    if (deadline.remaining() <= 0) break;
    const answer = await askFrontend(frontend, { path: '/api/backends?is_alive=true' }, deadline.remaining(), line);
    if (answer.kind === 'silent' || answer.status !== 200) continue;
    const backends = readBackends(answer.text)
      .map((url) => addressed(url, line.settings.backendAddresses))
      .filter((url) => objectionTo(url, frontend, line.settings) === undefined);
    if (backends.length > 0) return backends;
  }
  return [];
}

/** The live backends in the answer to `GET /api/backends` (reference 8). Entries that make no address are left out. */
export function readBackends(text: string): readonly URL[] {
  const told = dataOf(text);
  if (told === undefined || !('data' in told)) return [];
  const { data } = told;
  if (typeof data !== 'object' || data === null || !('backends' in data) || !Array.isArray(data.backends)) return [];
  return data.backends.flatMap((entry: unknown) => addressOf(entry));
}

function addressOf(entry: unknown): readonly URL[] {
  if (typeof entry !== 'object' || entry === null || !('ip' in entry) || !('http_port' in entry)) return [];
  if ('is_alive' in entry && entry.is_alive !== true) return [];
  const { ip, http_port: port } = entry;
  if (typeof ip !== 'string' || typeof port !== 'number') return [];
  const text = `http://${ip.includes(':') ? `[${ip}]` : ip}:${port}/`;
  return /^[\w.:-]+$/.test(ip) && URL.canParse(text) ? [new URL(text)] : [];
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
