import type { Deadline } from '../deadline.ts';
import type { LabelState } from '../ports.ts';
import { askFrontend, dataOf } from './ask-frontend.ts';
import type { Line } from './line.ts';
import type { Answer } from './question.ts';
import { wording } from './wording.ts';

const STATES: ReadonlyMap<unknown, LabelState> = new Map(
  (['unknown', 'prepare', 'precommitted', 'committed', 'visible', 'aborted'] as const).map((kind) => [kind.toUpperCase(), { kind }]),
);

/** Asks one frontend after the other until one tells the state (reference 5). */
export async function askLabelState(database: string, label: string, deadline: Deadline, line: Line): Promise<LabelState> {
  const path = `/api/${encodeURIComponent(database)}/get_load_state?label=${encodeURIComponent(label)}`;
  const reasons: string[] = [];
  for (const frontend of line.frontends.inTurn()) {
    if (deadline.remaining() <= 0) break;
    const state = readState(await askFrontend(frontend, { path }, deadline.remaining(), line));
    if (state.kind !== 'unreachable') return told(label, state, line);
    reasons.push(`${frontend.host}: ${state.reason}`);
    // The next poll must not wait for it again.
    line.frontends.failed(frontend);
  }
  return told(label, { kind: 'unreachable', reason: reasons.join('; ') || 'no time left to ask' }, line);
}

/** Reads the answer to `get_load_state`. Anything but a state in so many words is no knowledge. */
function readState(answer: Answer): LabelState {
  if (answer.kind === 'silent') return { kind: 'unreachable', reason: answer.reason };
  if (answer.status !== 200) return { kind: 'unreachable', reason: `HTTP ${answer.status}` };
  const told = dataOf(answer.text);
  if (told === undefined) return { kind: 'unreachable', reason: 'the answer has none of the shapes that Doris uses' };
  if ('fault' in told) return { kind: 'unreachable', reason: wording(told.fault) };
  return STATES.get(told.data) ?? { kind: 'unreachable', reason: 'the answer names no known state' };
}

function told(label: string, state: LabelState, line: Line): LabelState {
  line.settings.onAttempt({ kind: 'label-state', label, state: state.kind });
  return state;
}
