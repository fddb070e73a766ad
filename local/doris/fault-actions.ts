/** The moments of a request at which a fault can strike, in the order in which a load meets them. */
export const FAULT_POINTS = [
  'fe.connect',
  'fe.request',
  'fe.load-state',
  'fe.redirect',
  'fe.reply',
  'be.connect',
  'be.request',
  'be.two-phase',
  'be.header',
  'be.continue',
  'be.body',
  'be.before-commit',
  'be.after-commit',
  'be.reply',
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Goes on after the time: a slow node, a slow commit, a slow 100. */
interface Delay {
  readonly kind: 'delay';
  readonly ms: number;
}
/** Never answers and keeps the connection open. */
interface Hang {
  readonly kind: 'hang';
}
/** Cuts the connection with a TCP reset. */
interface Reset {
  readonly kind: 'reset';
}
/** Closes the connection in an orderly way, without an answer. */
interface Close {
  readonly kind: 'close';
}
/** Answers this, whatever the truth is: 5xx, 429, an HTML page, an empty 200, garbled JSON, `{"code":1,..}`. */
interface Respond {
  readonly kind: 'respond';
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
/** Answers HTTP 200 with so many bytes that mean nothing. */
interface Garbage {
  readonly kind: 'garbage';
  readonly bytes: number;
}
/** Gives the true answer, a byte (or `bytes`) every `everyMs`. */
interface Trickle {
  readonly kind: 'trickle';
  readonly everyMs: number;
  readonly bytes?: number;
}
/** Gives only the first bytes of the true answer; `honest` says that Content-Length admits it, otherwise the connection is cut. */
interface Truncate {
  readonly kind: 'truncate';
  readonly bytes: number;
  readonly honest: boolean;
}
/** Overwrites fields of the true JSON answer: a wrong label, other counts, filtered rows beside Success. `null` takes a field out. */
interface Alter {
  readonly kind: 'alter';
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}
/** Sends the client elsewhere. `{fe}`, `{be}`, `{path}`, `{be-host}` are filled in: `{fe}{path}` loops, `{path}` is relative. */
interface Redirect {
  readonly kind: 'redirect';
  readonly location: string;
  readonly status?: number;
}
/** No backend is available for the load. */
interface NoBackend {
  readonly kind: 'no-backend';
}
/** Status Fail with this Message, e.g. `[E-235]...`. Before the commit nothing is stored; after it the rows are there all the same. */
interface Fail {
  readonly kind: 'fail';
  readonly message: string;
}
/** Status Publish Timeout: committed, visible after the time, or when `release()` is called if there is none. */
interface PublishTimeout {
  readonly kind: 'publish-timeout';
  readonly visibleAfterMs?: number;
}
/** Cuts the connection; the label stays RUNNING for the time, or until `release()` if there is none, and then becomes this. */
interface LockLabel {
  readonly kind: 'lock-label';
  readonly ms?: number;
  readonly becomes: 'ABORTED' | 'VISIBLE';
}
/** The label is dropped from the memory once its transaction has finished. */
interface ForgetLabel {
  readonly kind: 'forget-label';
}
/** This backend restarts: its connections drop and its open transactions abort. */
interface RestartBackend {
  readonly kind: 'restart-backend';
}
/** Sends no 100 at all and waits for the body. */
interface SkipContinue {
  readonly kind: 'skip-continue';
}

type Break = Reset | Close;
/** Actions that need to know nothing of the point. */
export type Anywhere = Delay | Hang | Break | Respond | Garbage;
/** Actions that spoil the true answer. */
export type Mangle = Trickle | Truncate | Alter;

/** What can be done at which point. */
export interface ActionsAt {
  'fe.connect': Break;
  'fe.request': Anywhere;
  'fe.load-state': Anywhere;
  'fe.redirect': Anywhere | Redirect | NoBackend;
  'fe.reply': Anywhere | Mangle;
  'be.connect': Break;
  'be.request': Anywhere | RestartBackend;
  'be.two-phase': Anywhere;
  'be.header': Anywhere | Fail | Redirect | RestartBackend;
  'be.continue': Anywhere | SkipContinue;
  'be.body': Anywhere | RestartBackend;
  'be.before-commit': Anywhere | Fail | LockLabel | RestartBackend;
  'be.after-commit': Anywhere | Fail | PublishTimeout | ForgetLabel;
  'be.reply': Anywhere | Mangle;
}

export type FaultAction = ActionsAt[FaultPoint];
