import type { Hop, HopEnd } from '../../../lib/doris/hop.ts';
import type { Machine } from '../machine.ts';

/** One request of a client on its way, as its server sees it, and what the client knows of it. */
export interface Connection {
  readonly ask: Hop;
  readonly machine: Machine;
  /** Whether the client still holds it. */
  isOpen(): boolean;
  /** The client is connected: from now on it waits for an answer, not for ever. */
  connect(): void;
  /** Tells the client to send its body. */
  sayContinue(): void;
  /** When the client has begun to send its body: true; false when the connection ended before. */
  readonly body: Promise<boolean>;
  /** An answer of the server. */
  answer(status: number, body: string, headers?: HopHeaders): void;
  /** The connection ends without one. */
  lose(reason: string): void;
}

type HopHeaders = Extract<HopEnd, { kind: 'reply' }>['headers'];

/** Opens a connection; `end` hears once how it ended for the client. */
export function openConnection(ask: Hop, machine: Machine, end: (how: HopEnd) => void): Connection {
  const progress = { reached: false, bodyBegun: false };
  let over = false;
  let callOff = (): void => {};
  let bodyIs = (_begun: boolean): void => {};
  const body = new Promise<boolean>((resolve) => {
    bodyIs = resolve;
  });
  const finish = (how: HopEnd): void => {
    if (over) return;
    over = true;
    callOff();
    bodyIs(false);
    end(how);
  };
  const lose = (reason: string): void => machine.reply(() => finish({ kind: 'lost', reason, ...progress }));
  const beginBody = (): void => {
    if (over) return;
    callOff();
    progress.bodyBegun = true;
    bodyIs(true);
  };
  const onAbort = (): void => finish({ kind: 'lost', reason: 'no answer before the deadline', ...progress });
  if (ask.signal.aborted) onAbort();
  else ask.signal.addEventListener('abort', onAbort);
  return {
    ask,
    machine,
    body,
    isOpen: () => !over && machine.alive(),
    connect: () => {
      progress.reached = true;
      const silence = (): void => (ask.silence.reaction === 'give-up' ? lose(`no answer within ${ask.silence.after} ms`) : beginBody());
      callOff = machine.clock.alarm(ask.silence.after, silence);
    },
    sayContinue: () => machine.deliver(beginBody),
    answer: (status, text, headers = {}) =>
      machine.reply(() => finish({ kind: 'reply', status, headers, body: Buffer.from(text), cut: false, ...progress })),
    lose,
  };
}
