import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../../lib/clock.ts';
import { type Deadline, deadlineIn } from '../../../../lib/deadline.ts';
import { connectDoris } from '../../../../lib/doris/client.ts';
import { parseRedirectHosts } from '../../../../lib/doris/redirect-policy.ts';
import type { AttemptEvent, DorisSettings } from '../../../../lib/doris/settings.ts';
import type { Label } from '../../../../lib/plan/label.ts';
import type { Doris, Load } from '../../../../lib/ports.ts';
import { type Millis, millis } from '../../../../lib/units.ts';
import { type Call, type Script, type ScriptedServer, scriptedServer } from './scripted-server.ts';

export const LABEL = 'events-shard0-1-2' as Label;
export const USER = 'loader';
export const PASSWORD = 'p@ss:wörd/ü';
/** `loader:p@ss:wörd/ü` in base64 of UTF-8. */
export const AUTHORIZATION = 'Basic bG9hZGVyOnBAc3M6d8O2cmQvw7w=';
/** What Doris puts into Location. */
export const USERINFO = `${USER}:${encodeURIComponent(PASSWORD)}@`;

export const TWO_ROWS = '{"a":1}\n{"a":2}\n';

/** A load of two rows in two pieces. */
export function aLoad(change: Partial<Load> = {}): Load {
  return {
    label: LABEL,
    target: { database: 'db1', table: 'events' },
    rows: 2,
    body: [Buffer.from(TWO_ROWS.slice(0, 8)), Buffer.from(TWO_ROWS.slice(8))],
    mayStart: async () => true,
    mayCommit: async () => true,
    mayPack: true,
    inDoubt: false,
    wouldBeKnown: async () => 'young',
    ...change,
  };
}

/** The backend's report on a load of two rows, as reference 3 lists its fields. */
export function report(change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    TxnId: 7,
    Label: LABEL,
    Comment: '',
    TwoPhaseCommit: 'false',
    Status: 'Success',
    Message: 'OK',
    NumberTotalRows: 2,
    NumberLoadedRows: 2,
    NumberFilteredRows: 0,
    NumberUnselectedRows: 0,
    LoadBytes: 16,
    LoadTimeMs: 20,
    BeginTxnTimeMs: 1,
    StreamLoadPutTimeMs: 2,
    ReadDataTimeMs: 0,
    WriteDataTimeMs: 10,
    ReceiveDataTimeMs: 0,
    CommitAndPublishTimeMs: 7,
    ...change,
  };
}

/** A failed load's report: nothing loaded. */
export function failure(message: string, change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return report({ Status: 'Fail', Message: message, NumberLoadedRows: 0, ...change });
}

/** Sleeping takes no time but moves the clock on, and every delay is the longest possible. */
function hastyClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    ...systemClock,
    slept,
    elapsed: () => millis(systemClock.elapsed() + slept.reduce((sum, span) => sum + span, 0)),
    sleep: async (span) => {
      slept.push(span);
    },
    random: () => 0.999_999,
  };
}

export interface Client {
  readonly doris: Doris;
  readonly events: AttemptEvent[];
  /** Delays waited, in order. */
  readonly slept: readonly number[];
  within(span: Millis): Deadline;
}

/** A client of these frontends, with short patience; closed with the test. */
export function aClient(frontends: readonly URL[], change: Partial<DorisSettings> = {}): Client {
  const events: AttemptEvent[] = [];
  const clock = hastyClock();
  const settings: DorisSettings = {
    frontends,
    credentials: async () => ({ username: USER, password: PASSWORD }),
    redirects: parseRedirectHosts(''),
    continueTimeout: millis(100),
    frontendTimeout: millis(400),
    connectTimeout: millis(1000),
    onAttempt: (event) => events.push(event),
    ...change,
  };
  const doris = connectDoris(settings, clock);
  onTestFinished(() => doris.close());
  return { doris, events, slept: clock.slept, within: (span) => deadlineIn(span, clock) };
}

export interface Cluster extends Client {
  readonly fe: ScriptedServer;
  readonly be: ScriptedServer;
}

/** One frontend, one backend and a client; all closed with the test. */
export async function aCluster(backend: Script, states?: readonly string[], change?: Partial<DorisSettings>): Promise<Cluster> {
  const be = await scriptedServer(backend);
  const fe = await scriptedServer(frontendTo(() => be.url, states));
  return { be, fe, ...aClient([fe.url], change) };
}

/** A frontend: redirects loads to the backend with the user's password in Location, and tells these label states, the last one for ever. */
export function frontendTo(backend: () => URL, states: readonly string[] = ['UNKNOWN']): Script {
  let asked = 0;
  return (call: Call) => {
    if (call.seen.path.includes('/get_load_state?')) {
      const state = states[Math.min(asked, states.length - 1)] ?? 'UNKNOWN';
      asked += 1;
      call.json({ msg: 'success', code: 0, data: state, count: 0 });
      return;
    }
    call.redirect(`http://${USERINFO}${backend().host}${call.seen.path}?`);
  };
}

/** A backend that takes the body and then says this. */
export function backendSaying(...replies: readonly Readonly<Record<string, unknown>>[]): Script {
  return async (call, nth) => {
    await call.takeBody();
    call.json(replies[Math.min(nth, replies.length) - 1] ?? report());
  };
}
