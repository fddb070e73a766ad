import { type Deadline, deadlineIn } from '../deadline.ts';
import type { CommittedHow, Load, LoadOutcome } from '../ports.ts';
import { type EpochMillis, millis } from '../units.ts';
import { attempt } from './attempt.ts';
import { commitPrecommitted } from './commit.ts';
import { askLabelState } from './label-state.ts';
import type { Line } from './line.ts';
import { explain } from './rejection.ts';
import { type Pressure, retryDelay } from './retry.ts';
import { SHORTEST_ATTEMPT, TOO_LATE, type WireLoad } from './stream-load.ts';
import type { RefusedRows, Setback } from './verdict.ts';

/** What is known while nothing is told yet. `inDoubt`: an earlier attempt may have stored the rows, until the label's state shows otherwise. */
interface Standing {
  readonly setback: Setback;
  readonly inDoubt: boolean;
  readonly attempts: number;
}

type Step = { readonly kind: 'told'; readonly outcome: LoadOutcome } | { readonly kind: 'again'; readonly standing: Standing };

const NOT_STARTED: Setback = { kind: 'unavailable', reason: TOO_LATE };
const HELD_BACK: Setback = { kind: 'unknown', reason: 'its rows are precommitted' };
const LEFT_IN_DOUBT: Setback = { kind: 'unknown', reason: 'an earlier invocation may have stored it' };

/** Puts a load until its fate is told, the rounds are used up, or time is. Every attempt has the same label and the same bytes. */
export async function loadUntilTold(load: WireLoad, deadline: Deadline, line: Line): Promise<LoadOutcome> {
  const first = await begin(load, deadline, line);
  if (first.kind === 'told') return first.outcome;
  let { standing } = first;
  for (let round = 1; round <= line.settings.maxAttempts && deadline.remaining() >= SHORTEST_ATTEMPT; round += 1) {
    const step = await tryOnce(load, standing, deadline, line);
    if (step.kind === 'told') return step.outcome;
    standing = step.standing;
    if (standing.setback.kind === 'rejected-config' || round === line.settings.maxAttempts) break;
    if (!(await backedOff(load, standing.setback, round, deadline, line))) break;
  }
  return { ...afterAll(standing), attempts: standing.attempts };
}

/** What others left under the label comes first. */
async function begin(load: Load, deadline: Deadline, line: Line): Promise<Step> {
  if (!load.inDoubt) return { kind: 'again', standing: { setback: NOT_STARTED, inDoubt: false, attempts: 0 } };
  return settleDoubt(load, { setback: LEFT_IN_DOUBT, inDoubt: true, attempts: 0 }, deadline, line);
}

async function tryOnce(load: WireLoad, before: Standing, deadline: Deadline, line: Line): Promise<Step> {
  const { verdict, reached, bodyBegun } = await attempt(load, deadline, line);
  const attempts = before.attempts + reached;
  switch (verdict.kind) {
    case 'committed':
      return told(committedAs(verdict.how, verdict.txnId, attempts));
    case 'precommitted':
      return await makeVisible(load, { setback: HELD_BACK, inDoubt: true, attempts }, verdict.txnId, deadline, line);
    case 'rejected-data':
      return told(await blame(verdict, load, attempts, deadline, line));
    case 'unknown':
    case 'running':
      return await settleDoubt(load, { setback: verdict, inDoubt: true, attempts }, deadline, line);
    case 'rejected-config':
    case 'overload':
    case 'unavailable': {
      // Whatever a refusal says: once Doris has rows, a commit may have come before it (reference 3.1).
      const standing = { setback: verdict, inDoubt: before.inDoubt || (bodyBegun && !verdict.nothingBegun), attempts };
      return standing.inDoubt ? await settleDoubt(load, standing, deadline, line) : { kind: 'again', standing };
    }
    default:
      return verdict satisfies never;
  }
}

/** Asks what became of the label before anything is put under it again. */
async function settleDoubt(load: Load, standing: Standing, deadline: Deadline, line: Line): Promise<Step> {
  const { setback, attempts } = standing;
  const asked = line.clock.now();
  const fate = await resolve(load, deadline, line);
  switch (fate) {
    case 'stored':
      return told(committedAs('already-loaded', undefined, attempts));
    case 'held back':
      return await makeVisible(load, standing, undefined, deadline, line);
    case 'open':
      return told({ kind: 'running', reason: `the label's transaction is still open: ${setback.reason}`, attempts });
    case 'aborted':
      return { kind: 'again', standing: { setback: notStored(setback), inDoubt: false, attempts } };
    case 'not known':
      return notKnown(load, standing, asked);
    case 'untold':
      return untold(load, standing);
    default:
      return fate satisfies never;
  }
}

/** Rows that Doris holds back become visible once the ledger has the load. */
async function makeVisible(load: Load, standing: Standing, txnId: number | undefined, deadline: Deadline, line: Line): Promise<Step> {
  const { attempts } = standing;
  if (!(await load.mayCommit()))
    return told({ kind: 'running', reason: 'precommitted, and another invocation has this load now', attempts });
  const asked = line.clock.now();
  const { state, said } = await commitPrecommitted(load, txnId, deadline, line);
  const setback: Setback = { kind: 'unknown', reason: `commit of the precommitted rows: ${said}` };
  switch (state.kind) {
    case 'visible':
      return told(committedAs('loaded', txnId, attempts));
    case 'committed':
      return told(committedAs('publish-timeout', txnId, attempts));
    case 'aborted':
      return { kind: 'again', standing: { setback: notStored(setback), inDoubt: false, attempts } };
    case 'prepare':
    case 'precommitted':
      return { kind: 'again', standing: { setback, inDoubt: true, attempts } };
    case 'unknown':
      return notKnown(load, { setback, inDoubt: true, attempts }, asked);
    case 'unreachable':
      return untold(load, { setback, inDoubt: true, attempts });
    default:
      return state satisfies never;
  }
}

/** Under a label that Doris may have forgotten the load must not be put again: it would be stored twice. */
async function notKnown(load: Load, standing: Standing, asked: EpochMillis): Promise<Step> {
  const memory = await load.wouldBeKnown(asked);
  switch (memory) {
    case 'young':
    case 'certain':
      return { kind: 'again', standing };
    case 'doubtful': {
      const reason = `Doris may have forgotten the label: ${standing.setback.reason}`;
      return told({ kind: 'unverifiable', reason, attempts: standing.attempts });
    }
    case 'untold':
      return notTold(standing);
    default:
      return memory satisfies never;
  }
}

/** Without the label's own state it may be forgotten between the question and the load, unless it is young. */
async function untold(load: Load, standing: Standing): Promise<Step> {
  return (await load.wouldBeKnown()) === 'young' ? { kind: 'again', standing } : notTold(standing);
}

function notTold({ setback, attempts }: Standing): Step {
  return told({ kind: 'unknown', reason: `what became of the label cannot be told now: ${setback.reason}`, attempts });
}

function told(outcome: LoadOutcome): Step {
  return { kind: 'told', outcome };
}

function committedAs(how: CommittedHow, txnId: number | undefined, attempts: number): LoadOutcome {
  return { kind: 'committed', how, attempts, ...(txnId === undefined ? {} : { txnId }) };
}

/** Once the transaction is seen ABORTED there is nothing unknown about it any more: it merely did not work out. */
function notStored(setback: Setback): Setback {
  const open = setback.kind === 'unknown' || setback.kind === 'running';
  return open ? { kind: 'unavailable', reason: `the transaction was aborted: ${setback.reason}` } : setback;
}

/** A refused connection says nothing about the attempt before it, whose reply was lost. */
function afterAll({ setback, inDoubt }: Standing): Setback {
  if (!inDoubt || setback.kind === 'running' || setback.kind === 'unknown') return setback;
  return { kind: 'unknown', reason: `an earlier attempt's reply was lost; the last one: ${setback.reason}` };
}

type Fate = 'stored' | 'held back' | 'open' | 'aborted' | 'not known' | 'untold';

/** Asks for the label until its transaction has ended, or waits for a commit, or there is no time left. */
async function resolve(load: Load, deadline: Deadline, line: Line): Promise<Fate> {
  for (let poll = 1; ; poll += 1) {
    const state = await askLabelState(load.target.database, load.label, deadline, line);
    switch (state.kind) {
      case 'visible':
      case 'committed':
        return 'stored';
      case 'aborted':
        return 'aborted';
      case 'precommitted':
        return 'held back';
      case 'unknown':
        return 'not known';
      case 'unreachable':
        return 'untold';
      case 'prepare':
        if (!(await waited('open-transaction', poll, deadline, line))) return 'open';
        break;
      default:
        return state satisfies never;
    }
  }
}

/**
 * Rows are blamed only after their transaction was seen ABORTED: a Fail alone is no proof that nothing is stored (reference 3.1). Without a
 * label nothing can be seen, and rows may be stored more than once anyway.
 */
async function blame(refused: RefusedRows, load: Load, attempts: number, deadline: Deadline, line: Line): Promise<LoadOutcome> {
  if (line.settings.mode === 'group-commit-may-duplicate') return rejected(refused, attempts, deadline, line);
  const watch = deadlineIn(millis(Math.min(line.settings.abortTimeout, deadline.remaining())), line.clock);
  for (let poll = 1; ; poll += 1) {
    const state = await askLabelState(load.target.database, load.label, watch, line);
    if (state.kind === 'visible' || state.kind === 'committed') return committedAs('already-loaded', refused.txnId, attempts);
    if (state.kind === 'aborted') return rejected(refused, attempts, deadline, line);
    if (!(await waited('open-transaction', poll, watch, line))) {
      return {
        kind: 'unknown',
        reason: `rows were refused, but the transaction was not seen aborted (last: ${state.kind}): ${refused.message}`,
        attempts,
      };
    }
  }
}

async function rejected(refused: RefusedRows, attempts: number, deadline: Deadline, line: Line): Promise<LoadOutcome> {
  const rejection = await explain(refused, deadline, line);
  return { kind: 'rejected-data', rejection, attempts, ...(refused.txnId === undefined ? {} : { txnId: refused.txnId }) };
}

/** Waits before the next round; false when there would be no time left for it. */
async function backedOff(load: Load, setback: Setback, round: number, deadline: Deadline, line: Line): Promise<boolean> {
  const pressure = setback.kind === 'overload' ? 'overload' : 'unavailable';
  const delay = retryDelay(pressure, round, line.clock.random());
  if (delay + SHORTEST_ATTEMPT > deadline.remaining()) return false;
  line.settings.onAttempt({ kind: 'backoff', label: load.label, after: setback.kind, delay });
  await line.clock.sleep(delay);
  return true;
}

async function waited(pressure: Pressure, poll: number, deadline: Deadline, line: Line): Promise<boolean> {
  const delay = retryDelay(pressure, poll, line.clock.random());
  if (delay >= deadline.remaining()) return false;
  await line.clock.sleep(delay);
  return true;
}
