import type { Deadline } from '../deadline.ts';
import { Contradicted, StoredOtherwise } from '../errors.ts';
import type { Load, LoadMode } from '../ports.ts';
import { millis } from '../units.ts';
import { authorize, renewed } from './authorization.ts';
import { sizeOf } from './body.ts';
import { abortPrecommitted } from './commit.ts';
import type { Line } from './line.ts';
import { judge } from './reply.ts';
import { type Entrance, type Exchange, type Put, putLoad, SHORTEST_ATTEMPT, TOO_LATE, type WireLoad } from './stream-load.ts';
import { withAdvice } from './texts.ts';
import type { Verdict } from './verdict.ts';
import { wording } from './wording.ts';

/** What one round came to, how many of its PUTs reached a server, and whether bytes of the body may have. */
export interface Attempt {
  readonly verdict: Exclude<Verdict, { readonly kind: 'breach' }>;
  readonly reached: number;
  readonly bodyBegun: boolean;
}

/**
 * One round: asks entrance after entrance until one takes the load in hand, and judges its answer.
 * @throws {Contradicted} when Doris says Success to something else than what was sent. @throws {StoredOtherwise} when it has stored that.
 */
export async function attempt(load: WireLoad, deadline: Deadline, line: Line): Promise<Attempt> {
  let reached = 0;
  let bodyBegun = false;
  let verdict: Attempt['verdict'] = { kind: 'unavailable', reason: TOO_LATE };
  const all = await entrances(deadline, line);
  for (const [index, entrance] of all.entries()) {
    if (deadline.remaining() < SHORTEST_ATTEMPT) break;
    const taken = await put(load, entrance, all.length - index - 1, deadline, line);
    reached += taken.reached;
    bodyBegun ||= taken.bodyBegun;
    if (taken.verdict.kind === 'breach' && taken.verdict.leaves === 'held back') await abortPrecommitted(load, deadline, line);
    verdict = kept(taken.verdict, load);
    if (!taken.silent) break;
  }
  return { verdict, reached, bodyBegun };
}

interface Taken {
  readonly verdict: Verdict;
  readonly reached: number;
  readonly bodyBegun: boolean;
  readonly silent: boolean;
}

/** Puts a load; once more when it is refused under a password that was changed since. */
async function put(load: WireLoad, entrance: Entrance, others: number, deadline: Deadline, line: Line): Promise<Taken> {
  const authorization = await authorize(line, deadline.remaining());
  if (authorization.kind === 'unavailable') return { verdict: authorization, reached: 0, bodyBegun: false, silent: false };
  const taken = await putOnce({ load, entrance, others, deadline, authorization: authorization.value }, line);
  const { verdict } = taken;
  if (verdict.kind !== 'rejected-config' || (taken.bodyBegun && !verdict.nothingBegun)) return taken;
  const other = await renewed(line, deadline.remaining(), authorization);
  if (other === undefined || deadline.remaining() < SHORTEST_ATTEMPT) return taken;
  const again = await putOnce({ load, entrance, others, deadline, authorization: other.value }, line);
  return { ...again, reached: taken.reached + again.reached };
}

async function putOnce(what: Omit<Put, 'mode'> & { readonly load: WireLoad }, line: Line): Promise<Taken> {
  const { load, entrance } = what;
  const { settings, clock } = line;
  const started = clock.elapsed();
  const exchange = await putLoad({ ...what, mode: settings.mode }, line);
  const verdict = verdictOn(exchange, what, settings.mode);
  settings.onAttempt({
    kind: 'attempt',
    label: load.label,
    host: exchange.host,
    verdict: verdict.kind,
    reason: 'reason' in verdict ? verdict.reason : verdict.kind === 'rejected-data' ? verdict.message : '',
    took: millis(clock.elapsed() - started),
    size: sizeOf(load.body),
  });
  if (entrance.role === 'frontend') line.frontends[verdict.kind === 'unavailable' ? 'failed' : 'worked'](entrance.url);
  // Nobody took the load in hand: the next entrance may, at once.
  const bodyBegun = exchange.kind !== 'refused-redirect' && exchange.bodyBegun;
  const silent = exchange.kind === 'lost' && !bodyBegun && exchange.host === entrance.url.host;
  return { verdict, reached: exchange.reached ? 1 : 0, bodyBegun, silent };
}

function verdictOn(exchange: Exchange, { load, entrance }: Pick<Put, 'load' | 'entrance'>, mode: LoadMode): Verdict {
  switch (exchange.kind) {
    case 'reply':
      return judge({ ...exchange, atFrontend: entrance.role === 'frontend' && !exchange.redirected }, load, mode);
    case 'refused-redirect':
      return { kind: 'rejected-config', reason: exchange.reason };
    case 'lost':
      return { kind: exchange.bodyBegun ? 'unknown' : 'unavailable', reason: withAdvice(wording(`${exchange.host}: ${exchange.reason}`)) };
    default:
      return exchange satisfies never;
  }
}

function kept(verdict: Verdict, load: Load): Attempt['verdict'] {
  if (verdict.kind !== 'breach') return verdict;
  const { database, table } = load.target;
  const Violation = verdict.leaves === 'other rows' ? StoredOtherwise : Contradicted;
  throw new Violation(
    `Doris reports success for label ${load.label} into ${database}.${table} (${load.rows} rows), but ${verdict.what} - check DORIS_LOAD_MODE, the table's group_commit_mode, and proxies`,
  );
}

/** Where a load may go first, in the order in which they are to be tried. */
export async function entrances(deadline: Deadline, line: Line): Promise<readonly Entrance[]> {
  const frontends = line.frontends.inTurn().map((url) => ({ url, role: 'frontend' }) as const);
  if (line.settings.route === 'frontend') return frontends;
  const backends = await line.backends.inTurn(deadline, line);
  return [...backends.map((url) => ({ url, role: 'backend' }) as const), ...frontends];
}
