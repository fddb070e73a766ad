import { type Deadline, deadlineIn } from '../deadline.ts';
import { inLanes } from '../in-lanes.ts';
import { drawNonce } from '../nonce.ts';
import { labelOf } from '../plan/label.ts';
import { columnsOf } from '../settle/run.ts';
import { type EpochMillis, epochMillis, millis, seconds } from '../units.ts';
import { LANES } from './lanes.ts';
import type { LetterState, LoadKey, LoadState, RedriveLoad } from './ledger.ts';
import { keyOf, type Ready, type Redrive } from './letters.ts';

/** A record that may be loaded, and how the ledger had it. */
export interface Free {
  readonly ready: Ready;
  readonly seen: LetterState;
}

/** For so long a load lets its holder start attempts; then it is renewed. A successor waits no longer than this and the grace. */
const LEASE = seconds(10);

/** A load that this redrive holds. */
export interface Held {
  readonly key: LoadKey;
  load: RedriveLoad;
  lease: Deadline;
}

/**
 * Writes a load down, and binds the records to it. @returns nothing where one of them is bound elsewhere meanwhile: then the load is void.
 * @throws {LedgerUnavailable}
 */
export async function hold(redrive: Redrive, records: readonly Free[]): Promise<Held | undefined> {
  const { ports, rules } = redrive;
  const { source, target } = firstOf(records);
  const witness = ports.doris.witness(target.database);
  const columns = columnsOf(rules);
  const lease = leaseOf(redrive);
  const load: RedriveLoad = {
    label: labelOf(rules.labelPrefix, { source, target, members: records.map(({ ready }) => ready.row.record) }),
    state: 'open',
    rows: records.length,
    deadline: lease.at,
    claimedAt: ports.clock.now(),
    fence: drawNonce(ports.clock),
    ...(witness === undefined ? {} : { witness }),
    ...(columns === undefined ? {} : { columns }),
  };
  const key = { loader: rules.labelPrefix, source, name: `${load.label}#${drawNonce(ports.clock).toString(36)}` };
  await ports.ledger.open(key, load);
  const held: Held = { key, load, lease };
  if (await bindAll(redrive, records, key)) return held;
  await letGo(redrive, held, { state: 'void' });
  return undefined;
}

/** The first record alone, so that of two redrives of the same records one turns back early. */
async function bindAll({ ports, rules }: Redrive, [first, ...rest]: readonly Free[], { name }: LoadKey): Promise<boolean> {
  const bind = ({ ready, seen }: Free): Promise<boolean> => ports.ledger.bind(keyOf(rules, ready), seen, name);
  if (first === undefined || !(await bind(first))) return false;
  return (await inLanes(rest, LANES, bind)).every(Boolean);
}

/** What all records of a load have in common, its first one has. */
export function firstOf(records: readonly Free[]): Ready {
  const [first] = records;
  if (first === undefined) throw new TypeError('a load without records');
  return first.ready;
}

function leaseOf({ deadline, ports }: Redrive): Deadline {
  return deadlineIn(millis(Math.min(LEASE, deadline.remaining())), ports.clock);
}

/**
 * Whether an attempt may start now. By both clocks: the one that never jumps may have stood still while the machine did, and others go by the
 * wall clock.
 */
export async function mayStart(redrive: Redrive, held: Held): Promise<boolean> {
  const { clock, ledger } = redrive.ports;
  const runs = (): boolean => held.lease.remaining() > 0 && clock.now() < held.lease.at;
  if (runs()) return true;
  const lease = leaseOf(redrive);
  const renewed = { ...held.load, deadline: lease.at, fence: drawNonce(clock) };
  const now = await ledger.write(held.key, renewed, held.load.fence);
  if (now.fence !== renewed.fence) return false;
  held.load = renewed;
  held.lease = lease;
  return runs();
}

/**
 * Writes down how the load stands; an open one with the note that no more attempts start, so that a successor need not wait for its lease.
 * @returns how the ledger has it now. @throws {LedgerUnavailable}
 */
export async function letGo({ ports: { ledger, clock } }: Redrive, held: Held, to: LoadState): Promise<RedriveLoad['state']> {
  const deadline: EpochMillis = to.state === 'open' ? clock.now() : epochMillis(0);
  const next = { ...held.load, ...to, deadline, fence: drawNonce(clock) };
  // Whoever knows what Doris has of it need not ask who wrote the load last.
  const isSure = to.state === 'stored' || to.state === 'contradicted';
  return (await ledger.write(held.key, next, isSure ? undefined : held.load.fence)).state;
}
