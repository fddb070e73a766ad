import { gzipSync } from 'node:zlib';
import type { Deadline } from '../deadline.ts';
import { drawNonce } from '../nonce.ts';
import type { Label } from '../plan/label.ts';
import type { Target, Told } from '../ports.ts';
import { entrances } from './attempt.ts';
import { authorize } from './authorization.ts';
import type { Line } from './line.ts';
import { judge, transactionIn } from './reply.ts';
import { type Entrance, type Exchange, type Put, putLoad, SHORTEST_ATTEMPT } from './stream-load.ts';
import { isAboutFormat } from './texts.ts';
import { wording } from './wording.ts';

/** What a probe sends. Nothing of it can be stored. */
type Futile = Pick<Put['load'], 'rows' | 'body' | 'compression'> & Pick<Put, 'instead'>;

/** Read after the transaction has begun, and refused there: the reply names a transaction that is aborted already (reference 2.1 step 10). */
const REFUSED_OPTION: Futile = { rows: 0, body: [], compression: 'none', instead: { strict_mode: 'probe' } };
const OF_PROBE = /\bInvalid strict mode\b/i;

/** More lines than the packed bytes can make, and fewer than those after which Doris stops counting (reference 9.13). */
const LINES = 45;
const NO_ROWS: Futile = { rows: LINES, body: [gzipSync('no row\n'.repeat(LINES))], compression: 'gz' };

/** Begins a transaction for a table that cannot store anything, under a label of its own. */
export async function beginAndAbort(target: Target, deadline: Deadline, line: Line): Promise<Told<number>> {
  let newest: Told<number> = { kind: 'unreachable', reason: 'no time left to ask' };
  const all = await entrances(deadline, line);
  for (const [index, entrance] of all.entries()) {
    if (deadline.remaining() < SHORTEST_ATTEMPT) break;
    const exchange = await sendTo(entrance, REFUSED_OPTION, { target, deadline, others: all.length - index - 1 }, line);
    if (exchange.kind === 'no-credentials') return { kind: 'unreachable', reason: exchange.reason };
    newest = read(exchange);
    if (newest.kind !== 'unreachable') break;
  }
  return newest;
}

/** What came of one probe, before anybody judges it. */
export type Probe = Exchange | { readonly kind: 'no-credentials'; readonly reason: string };

type Sending = { readonly target: Target } & Pick<Put, 'deadline' | 'others'>;

/** Probes through one entrance: everything that a load needs but rows. */
export async function probeAt(entrance: Entrance, { target, deadline }: Omit<Sending, 'others'>, line: Line): Promise<Probe> {
  return await sendTo(entrance, REFUSED_OPTION, { target, deadline, others: 0 }, line);
}

/** Whether the backend behind an entrance unpacks: it counts lines that are no rows, and so cannot be stored, before it refuses them. */
export async function unpacksAt(entrance: Entrance, { target, deadline }: Omit<Sending, 'others'>, line: Line): Promise<Told<boolean>> {
  const probe = await sendTo(entrance, NO_ROWS, { target, deadline, others: 0 }, line);
  if (probe.kind !== 'reply') return { kind: 'unreachable', reason: wording(probe.reason) };
  const verdict = judge(probe, { label: probe.label, rows: LINES }, 'labelled');
  if (verdict.kind === 'rejected-data') {
    const { counted, message } = verdict;
    // A reader that gives up at the first bad line does so whether it has unpacked that or not.
    return counted.total === 0 ? { kind: 'refused', reason: message } : { kind: 'told', value: counted.total === LINES };
  }
  const reason = 'reason' in verdict ? verdict.reason : `the answer (${verdict.kind}) is none that lines without rows get`;
  return isAboutFormat(reason) ? { kind: 'told', value: false } : { kind: 'refused', reason };
}

async function sendTo(
  entrance: Entrance,
  { instead, ...futile }: Futile,
  { target, deadline, others }: Sending,
  line: Line,
): Promise<Probe & { readonly label: Label }> {
  const label = `loader-probe-${drawNonce(line.clock).toString(36)}` as Label;
  const authorization = await authorize(line, deadline.remaining());
  if (authorization.kind === 'unavailable') return { kind: 'no-credentials', reason: authorization.reason, label };
  const load = { ...futile, label, target, mayStart: async () => true };
  const put: Put = {
    load,
    mode: 'labelled',
    entrance,
    authorization: authorization.value,
    deadline,
    others,
    ...(instead === undefined ? {} : { instead }),
  };
  return { ...(await putLoad(put, line)), label };
}

function read(exchange: Exchange): Told<number> {
  if (exchange.kind !== 'reply') return { kind: 'unreachable', reason: wording(exchange.reason) };
  const txnId = transactionIn(exchange);
  if (txnId !== undefined) return { kind: 'told', value: txnId };
  const verdict = judge(exchange, { label: '' as Label, rows: 0 }, 'labelled');
  const reason = 'reason' in verdict ? verdict.reason : 'the reply to a probe names no transaction';
  // What is refused of any load as well, such as one for a missing table, waits until it is not, and is no answer until then.
  return { kind: OF_PROBE.test(reason) ? 'refused' : 'unreachable', reason };
}
