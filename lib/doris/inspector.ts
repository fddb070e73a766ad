import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { Label } from '../plan/label.ts';
import type { LabelState, TableModel, Target, Told } from '../ports.ts';
import { askForData } from './ask-for-data.ts';
import { askFrontend, dataOf } from './ask-frontend.ts';
import { knowBackends } from './backends.ts';
import { askColumns, type Column } from './columns.ts';
import { takeTurns } from './frontends.ts';
import { askLabelState } from './label-state.ts';
import type { Line } from './line.ts';
import { probeAt, unpacksAt } from './probe.ts';
import { addressed, objectionTo } from './redirect.ts';
import { judge, transactionIn } from './reply.ts';
import { type DorisSettings, withDefaults } from './settings.ts';
import { askTableModel } from './table-model.ts';
import { openWires } from './wires.ts';
import { wording } from './wording.ts';

/** A backend as a frontend lists it. */
export interface ListedBackend {
  /** As it is reached from here. */
  readonly url: URL;
  readonly alive: boolean;
  /** Why it may not receive the credentials; it may when absent. */
  readonly objection?: string;
}

/**
 * How far a load without rows got, through one frontend. `refused`: a server answered, and did not begin it. `half-heard`: it was begun, but
 * not all of its headers had arrived.
 */
export type Reach =
  | { readonly kind: 'begun' }
  | { readonly kind: 'refused' | 'redirect-refused' | 'lost' | 'half-heard'; readonly host: string; readonly reason: string };

/** Asks Doris what no loader asks, one server at a time, by the loader's own settings and rules. Changes nothing. */
export interface Inspector {
  backends(frontend: URL, deadline: Deadline): Promise<Told<readonly ListedBackend[]>>;
  reach(frontend: URL, target: Target, deadline: Deadline): Promise<Reach>;
  /** Whether a backend unpacks what is packed with gzip. */
  unpacks(frontend: URL, target: Target, deadline: Deadline): Promise<Told<boolean>>;
  columns(target: Target, deadline: Deadline): Promise<Told<readonly Column[]>>;
  tableModel(target: Target, deadline: Deadline): Promise<Told<TableModel>>;
  labelState(database: string, label: string, deadline: Deadline): Promise<LabelState>;
  /** What Doris remembers of the newest transaction under a label, by the names of its columns; empty when it knows none. */
  transaction(database: string, label: string, deadline: Deadline): Promise<Told<Readonly<Record<string, string>>>>;
  /** A setting of the frontends (needs the privilege ADMIN). */
  frontendSetting(name: string, database: string, deadline: Deadline): Promise<Told<string>>;
  close(): Promise<void>;
}

const backend = z.object({ ip: z.string(), http_port: z.int(), is_alive: z.boolean() });
const backendList = z.object({ backends: z.array(backend) });
const setting = z.object({ data: z.tuple([z.tuple([z.string(), z.string()]).rest(z.unknown())]) }).transform(({ data }) => data[0][1]);

const transaction = z
  .object({ meta: z.array(z.object({ name: z.string() })), data: z.array(z.array(z.unknown())) })
  .transform(({ meta, data }) =>
    Object.fromEntries((data[0] ?? []).map((cell, index) => [meta[index]?.name ?? String(index), String(cell ?? '')])),
  );

/** A probe that succeeds stores nothing; any success in its reply would be a breach. */
const NOTHING_SENT = { label: '' as Label, rows: 0 };

/** @param settings - those of the loader. */
export function inspectDoris(settings: DorisSettings, clock: Clock): Inspector {
  const full = withDefaults(settings);
  const line: Line = { settings: full, wires: openWires(full), clock, frontends: takeTurns(full.frontends), backends: knowBackends() };
  return {
    backends: (frontend, deadline) => listBackends(frontend, deadline, line),
    reach: (frontend, target, deadline) => reach(frontend, target, deadline, line),
    unpacks: (frontend, target, deadline) => unpacksAt({ url: frontend, role: 'frontend' }, { target, deadline }, line),
    columns: (target, deadline) => askColumns(target, deadline, line),
    tableModel: (target, deadline) => askTableModel(target, deadline, line),
    labelState: (database, label, deadline) => askLabelState(database, label, deadline, line),
    transaction: (database, label, deadline) => {
      const post = JSON.stringify({ stmt: `SHOW TRANSACTION FROM \`${database}\` WHERE label = '${label}'` });
      return askForData({ path: `/api/query/internal/${encodeURIComponent(database)}`, post }, transaction, deadline, line);
    },
    frontendSetting: (name, database, deadline) => {
      const post = JSON.stringify({ stmt: `ADMIN SHOW FRONTEND CONFIG LIKE '${name}'` });
      return askForData({ path: `/api/query/internal/${encodeURIComponent(database)}`, post }, setting, deadline, line);
    },
    close: () => line.wires.close(),
  };
}

async function listBackends(frontend: URL, deadline: Deadline, line: Line): Promise<Told<readonly ListedBackend[]>> {
  const answer = await askFrontend(frontend, { path: '/api/backends' }, deadline.remaining(), line);
  if (answer.kind === 'silent') return { kind: 'unreachable', reason: answer.reason };
  const told = dataOf(answer.text);
  if (told !== undefined && 'fault' in told) return { kind: 'refused', reason: wording(told.fault) };
  const parsed = backendList.safeParse(told?.data);
  if (!parsed.success) return { kind: 'refused', reason: `the answer (HTTP ${answer.status}) is none that Doris gives` };
  return { kind: 'told', value: parsed.data.backends.map((entry) => listed(entry, frontend, line)) };
}

function listed({ ip, http_port: port, is_alive: alive }: z.output<typeof backend>, frontend: URL, { settings }: Line): ListedBackend {
  const url = addressed(new URL(`http://${ip.includes(':') ? `[${ip}]` : ip}:${port}/`), settings.backendAddresses);
  const objection = objectionTo(url, frontend, settings);
  return { url, alive, ...(objection === undefined ? {} : { objection }) };
}

async function reach(frontend: URL, target: Target, deadline: Deadline, line: Line): Promise<Reach> {
  const probe = await probeAt({ url: frontend, role: 'frontend' }, { target, deadline }, line);
  switch (probe.kind) {
    case 'no-credentials':
      return { kind: 'lost', host: frontend.host, reason: probe.reason };
    case 'refused-redirect':
      return { kind: 'redirect-refused', host: probe.host, reason: probe.reason };
    case 'lost':
      return { kind: 'lost', host: probe.host, reason: wording(probe.reason) };
    case 'reply': {
      const verdict = judge(probe, NOTHING_SENT, 'labelled');
      // Doris refuses the option of a probe once it has read it.
      if (verdict.kind === 'breach') return { kind: 'half-heard', host: probe.host, reason: 'the header strict_mode does not arrive' };
      if (transactionIn(probe) !== undefined) return { kind: 'begun' };
      const reason = 'reason' in verdict ? verdict.reason : `the answer (${verdict.kind}) is none that a load without rows gets`;
      return { kind: 'refused', host: probe.host, reason };
    }
    default:
      return probe satisfies never;
  }
}
