import type * as z from 'zod';
import type { Deadline } from '../deadline.ts';
import type { Told } from '../ports.ts';
import { askFrontend, dataOf, type Inquiry } from './ask-frontend.ts';
import type { Line } from './line.ts';
import type { Answer } from './question.ts';
import { meaningOf } from './texts.ts';
import { wording } from './wording.ts';

/** Asks one frontend after the other until one answers, and reads the `data` of its answer. */
export async function askForData<T>(inquiry: Inquiry, shape: z.ZodType<T>, deadline: Deadline, line: Line): Promise<Told<T>> {
  const reasons: string[] = [];
  for (const frontend of line.frontends.inTurn()) {
    if (deadline.remaining() <= 0) break;
    const told = read(await askFrontend(frontend, inquiry, deadline.remaining(), line), shape);
    if (told.kind !== 'unreachable') return told;
    reasons.push(`${frontend.host}: ${told.reason}`);
  }
  return { kind: 'unreachable', reason: reasons.join('; ') || 'no time left to ask' };
}

function read<T>(answer: Answer, shape: z.ZodType<T>): Told<T> {
  if (answer.kind === 'silent') return { kind: 'unreachable', reason: answer.reason };
  if (answer.status >= 500) return { kind: 'unreachable', reason: `HTTP ${answer.status}` };
  const told = answer.status === 200 ? dataOf(answer.text) : undefined;
  if (told !== undefined && 'fault' in told) return { kind: staysSo(told.fault) ? 'refused' : 'unreachable', reason: wording(told.fault) };
  const parsed = shape.safeParse(told?.data);
  return parsed.success
    ? { kind: 'told', value: parsed.data }
    : { kind: 'refused', reason: `the answer (HTTP ${answer.status}) is none that Doris gives` };
}

/** What is missing or forbidden is no answer for ever; a backend or memory that is short is none for now. */
function staysSo(fault: string): boolean {
  return meaningOf(fault) === 'rejected-config';
}
