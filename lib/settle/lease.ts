import { type Deadline, deadlineIn } from '../deadline.ts';
import type { Claim, Expectation, MoveResult } from '../ledger/checkpoint.ts';
import { drawNonce } from '../nonce.ts';
import type { Label } from '../plan/label.ts';
import type { Piece } from '../plan/pieces.ts';
import { type EpochMillis, epochMillis, type Millis, millis, seconds } from '../units.ts';
import { inherited, stateOfNew } from './modes.ts';
import { columnsOf, factsOf, firstPosition, labelOfRows, lastPosition, type Run, targetOf } from './run.ts';

/**
 * For so long a claim lets its holder start attempts; then it has to be renewed, which fails when somebody took it over. A successor that
 * must be sure that no attempt will start any more waits this long, not for the end of a whole invocation.
 */
const LEASE = seconds(3);

/** A claim that this invocation holds. */
export interface Held {
  /** As this invocation wrote it last. */
  readonly claim: Claim;
  /** Until then the invocation that it was taken over from may still start an attempt under its label. */
  readonly sharedUntil?: EpochMillis;
  /** The label that `claim` carries was found open. */
  readonly replay: boolean;
  /** See `Checkpoint`. */
  readonly witness: Label | undefined;
  /** Until then attempts may start without asking the ledger. */
  readonly lease: Deadline;
}

/** The claim for a piece with rows, as it will be held once it is written, before its first attempt. */
export function claimFor(run: Run, piece: Piece, witness = run.ports.doris.witness(targetOf(run).database)): Held {
  const lease = leaseOf(run);
  const claim = fenced(run, {
    state: stateOfNew(run),
    label: labelOfRows(run, piece.rows),
    first: firstPosition(piece.records),
    last: lastPosition(piece.records),
    rows: piece.rows.length,
    routes: run.routes,
    ...columnsIn(run),
    origin: piece.origin,
    deadline: lease.at,
    claimedAt: run.ports.clock.now(),
  });
  return { claim, lease, replay: false, witness };
}

/** The claim for a piece without rows: nobody loads anything under it. */
export function poisonClaim(run: Run, piece: Piece): Claim {
  return fenced(run, {
    state: { kind: 'poison' },
    label: labelOfRows(run, piece.records),
    first: firstPosition(piece.records),
    last: lastPosition(piece.records),
    rows: piece.records.length,
    routes: run.routes,
    origin: piece.origin,
    deadline: epochMillis(0),
    claimedAt: run.ports.clock.now(),
  });
}

/** A claim of somebody else with this invocation's lease in it, as it will be held once it is written. */
export function takenOver(run: Run, claim: Claim, witness: Label | undefined): Held {
  const lease = leaseOf(run);
  const sharedUntil = latestEnd(run, claim);
  const mine = fenced(run, { ...inherited(run, claim), deadline: epochMillis(Math.max(sharedUntil, lease.at)) });
  return { claim: mine, lease, sharedUntil, replay: true, witness };
}

/**
 * When the lease in a claim is over at the latest, once this invocation has written the claim, so that nobody renews it: as soon as one that
 * was begun just now. What lies further ahead was written by a clock that is wrong.
 */
export function latestEnd({ ports }: Run, { deadline }: Claim): EpochMillis {
  return epochMillis(Math.min(deadline, ports.clock.now() + LEASE));
}

/** Tells of a claim that stays open. */
export function tellInDoubt(run: Run, claim: Claim): void {
  const { clock, telemetry } = run.ports;
  telemetry.record({ kind: 'claim-in-doubt', ...factsOf(run, claim), age: millis(Math.max(0, clock.now() - claim.claimedAt)) });
}

/** What is written down for a new claim. */
export function writing(held: Held | undefined): { claim?: Claim; witness?: Label } {
  if (held === undefined) return {};
  return { claim: held.claim, ...(held.witness === undefined ? {} : { witness: held.witness }) };
}

function columnsIn({ rules }: Run): { columns?: string } {
  const columns = columnsOf(rules);
  return columns === undefined ? {} : { columns };
}

function leaseOf({ deadline, ports }: Run): Deadline {
  return deadlineIn(millis(Math.min(LEASE, deadline.remaining())), ports.clock);
}

/** A claim as it is to be written. Every write has a fence of its own, or a claim that was read before it could be written over. */
export function fenced({ ports }: Run, claim: Omit<Claim, 'fence'>): Claim {
  return { ...claim, fence: drawNonce(ports.clock) };
}

/** Nobody has written the claim since. */
export function unchanged({ label, fence }: Claim): Expectation {
  return { kind: 'holding', label, fence };
}

/** The claim is there, whoever holds it now: enough for whoever knows its rows to be stored. */
export function present({ label }: { readonly label: Label }): Expectation {
  return { kind: 'holding', label };
}

/** Whether the ledger has a claim as it was to be written. A lost reply makes a move that happened look refused. */
export function written(result: MoveResult, claim: Claim | undefined): boolean {
  return result.kind === 'moved' || (claim !== undefined && result.current.claim?.fence === claim.fence);
}

/** Milliseconds until nobody starts an attempt any more that was allowed to until the given time; 0 when that is so already. */
export function sharedFor({ ports, rules }: Run, until: EpochMillis | undefined): Millis {
  return millis(until === undefined ? 0 : Math.max(0, until + rules.attemptGrace - ports.clock.now()));
}

/** Watches over the lease of a claim while attempts are made under it. */
export interface LeaseKeeper {
  mayStart(): Promise<boolean>;
  /** Notes that rows become visible now. */
  mayCommit(): Promise<boolean>;
  /** Notes that none of the rows was visible at a moment, for whoever writes the claim next: an outage may be longer than Doris's memory. */
  notVisibleAt(moment: EpochMillis): void;
  /** The claim as it was written last, with what was noted since. */
  held(): Held;
}

/**
 * Attempts start while the lease runs; after that the ledger is asked whether the claim is still this invocation's. A renewal that
 * took longer than the lease that it wrote permits nothing.
 */
export function keepLease(run: Run, claimed: Held): LeaseKeeper {
  let held = claimed;
  const keeper: LeaseKeeper = {
    held: () => held,
    notVisibleAt: (absentAt) => {
      held = { ...held, claim: { ...held.claim, absentAt } };
    },
    mayStart: async () => {
      if (runs(run, held.lease)) return true;
      const lease = leaseOf(run);
      const claim = fenced(run, { ...held.claim, deadline: epochMillis(Math.max(held.sharedUntil ?? 0, lease.at)) });
      const result = await run.ports.ledger.move(run.key, { expect: unchanged(held.claim), claim });
      if (!written(result, claim)) return false;
      held = { ...held, claim, lease };
      return runs(run, lease);
    },
    mayCommit: async () => {
      if (held.claim.state.kind !== 'unseen') return keeper.mayStart();
      const noted = await noteVisible(run, held.claim);
      if (noted === undefined) return false;
      held = { ...held, claim: noted };
      return true;
    },
  };
  return keeper;
}

/**
 * Writes down that the rows of a claim may be visible from now on. No lease is needed for the commit that follows: it shows the same rows
 * whoever asks for it, and once.
 * @returns the claim as it is now; nothing when somebody else has written it.
 */
export async function noteVisible(run: Run, claim: Claim): Promise<Claim | undefined> {
  if (claim.state.kind !== 'unseen') return claim;
  const noted = fenced(run, { ...claim, state: { kind: 'open' }, claimedAt: run.ports.clock.now() });
  const result = await run.ports.ledger.move(run.key, { expect: unchanged(claim), claim: noted });
  return written(result, noted) ? noted : undefined;
}

/** By both clocks: the one that never jumps may have stood still while the machine did, and others go by the wall clock. */
function runs({ ports }: Run, lease: Deadline): boolean {
  return lease.remaining() > 0 && ports.clock.now() < lease.at;
}
