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

/** What can be done at which moment of a request; a load meets them in this order. */
export interface ActionsAt {
  /** A client has connected to the FE. */
  'fe.connect': Break;
  /** Any request has reached the FE; nothing is checked yet. */
  'fe.request': Anywhere;
  /** A label's state is asked for. */
  'fe.load-state': Anywhere;
  /** A load or a second phase has passed the FE's checks. */
  'fe.redirect': Anywhere | Redirect | NoBackend;
  /** The FE's true answer is ready, a 307 as well as JSON. */
  'fe.reply': Anywhere | Mangle;
  /** A client has connected to a BE. */
  'be.connect': Break;
  /** Any request has reached a BE. */
  'be.request': Anywhere | RestartBackend;
  /** A second phase has reached a BE. */
  'be.two-phase': Anywhere;
  /** A load has reached a BE; nothing is checked, no transaction begun. */
  'be.header': Anywhere | Fail | Redirect | RestartBackend;
  /** The transaction has begun and the load is planned; 100 comes next. */
  'be.continue': Anywhere | SkipContinue;
  /** The first part of the body is there, the rest still to come. */
  'be.body': Anywhere | RestartBackend;
  /** The rows are read and good, nothing is stored. */
  'be.before-commit': Anywhere | Fail | LockLabel | RestartBackend;
  /** The load is durable and its label used up; the rows are not visible yet. */
  'be.after-commit': Anywhere | Fail | PublishTimeout | ForgetLabel;
  /** The BE's true answer is ready, and everything has happened. */
  'be.reply': Anywhere | Mangle;
}

/** The moments at which a fault can strike. */
export type FaultPoint = keyof ActionsAt;

/** Whatever a fault can do, anywhere. */
export type FaultAction = ActionsAt[FaultPoint];
