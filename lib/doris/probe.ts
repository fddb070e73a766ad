import type { Deadline } from '../deadline.ts';
import type { Label } from '../plan/label.ts';
import type { Target, Told } from '../ports.ts';
import { entrances } from './attempt.ts';
import { authorize } from './authorization.ts';
import type { Line } from './line.ts';
import { transactionIn } from './reply.ts';
import { type Exchange, type Put, putLoad, SHORTEST_ATTEMPT } from './stream-load.ts';
import { wording } from './wording.ts';

/** Read after the transaction has begun, and refused there: the reply names a transaction that is aborted already (reference 2.1 step 10). */
const REFUSED_OPTION = { strict_mode: 'probe' };

/** Begins a transaction for a table that cannot store anything, under a label of its own. */
export async function beginAndAbort(target: Target, deadline: Deadline, line: Line): Promise<Told<number>> {
  const label = `loader-probe-${Math.floor(line.clock.random() * 2 ** 48).toString(36)}` as Label;
  const load = { label, target, rows: 0, body: [], mayStart: async () => true };
  let newest: Told<number> = { kind: 'unreachable', reason: 'no time left to ask' };
  const all = await entrances(deadline, line);
  for (const [index, entrance] of all.entries()) {
    if (deadline.remaining() < SHORTEST_ATTEMPT) break;
    const authorization = await authorize(line, deadline.remaining());
    if (authorization.kind === 'unavailable') return { kind: 'unreachable', reason: authorization.reason };
    const others = all.length - index - 1;
    const put: Put = { load, mode: 'labelled', entrance, authorization: authorization.value, deadline, others, instead: REFUSED_OPTION };
    newest = read(await putLoad(put, line));
    if (newest.kind !== 'unreachable') break;
  }
  return newest;
}

function read(exchange: Exchange): Told<number> {
  if (exchange.kind !== 'reply') return { kind: 'unreachable', reason: wording(exchange.reason) };
  const txnId = transactionIn(exchange);
  if (txnId !== undefined) return { kind: 'told', value: txnId };
  return exchange.status >= 500
    ? { kind: 'unreachable', reason: `HTTP ${exchange.status}` }
    : { kind: 'refused', reason: 'the reply to a probe names no transaction' };
}
