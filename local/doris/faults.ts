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

/** The request that a fault may strike. */
export interface FaultPlace {
  readonly point: FaultPoint;
  /** `fe`, `be0`, `be1`, ... */
  readonly node: string;
  readonly path: string;
  readonly database: string;
  readonly table: string;
  /** `''` when the request names none. */
  readonly label: string;
  /** How often this label has come to this kind of node, this time included; 1 for requests without label. */
  readonly attempt: number;
}

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

type Condition = Partial<Omit<FaultPlace, 'point'>> | ((place: FaultPlace) => boolean);

interface FaultAt<P extends FaultPoint> {
  readonly at: P;
  /** Which requests: fields that must be equal, or a test; all when absent. */
  readonly when?: Condition;
  /** How often at most; for ever when absent. */
  readonly times?: number;
  /** 0 to 1, drawn from the seeded generator; always when absent. */
  readonly probability?: number;
  readonly then: ActionsAt[P];
}

/** One scripted fault: where, for whom, how often, and what happens. */
export type Fault = { [P in FaultPoint]: FaultAt<P> }[FaultPoint];

/** One fault that struck. */
export interface Strike {
  readonly place: FaultPlace;
  readonly action: FaultAction;
}

/** The script of faults. At each point matching faults apply in the order in which they were added. */
export interface Faults {
  /** @returns a function that takes the fault out again. */
  add(fault: Fault): () => void;
  clear(): void;
  /** The last 1000 that struck, oldest first. */
  struck(): readonly Strike[];
  /** Starts the generator of probabilities anew. */
  seed(seed: number): void;
  /** Ends what waits for it: locked labels and publications without a time. Resolves when their effect is there. */
  release(): Promise<void>;
  /** For the server: the actions that strike here, delays first met first, ending with the first that is no delay. */
  at(point: FaultPoint, place: Omit<FaultPlace, 'point'>): readonly FaultAction[];
}

const STRIKES_KEPT = 1000;

interface Armed {
  readonly fault: Fault;
  left: number;
}

/** Makes an empty script; `release` is what the server does when the script says so. */
export function createFaults(release: () => Promise<void>, firstSeed = 1): Faults {
  const armed = new Set<Armed>();
  const strikes: Strike[] = [];
  let random = seededRandom(firstSeed);

  function strikesHere(one: Armed, place: FaultPlace): boolean {
    if (one.fault.at !== place.point || !holds(one.fault.when, place)) return false;
    return one.fault.probability === undefined || random() < one.fault.probability;
  }

  function record(one: Armed, place: FaultPlace): void {
    one.left -= 1;
    if (one.left <= 0) armed.delete(one);
    strikes.push({ place, action: one.fault.then });
    if (strikes.length > STRIKES_KEPT) strikes.shift();
  }

  return {
    add(fault) {
      const one = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      armed.add(one);
      return () => void armed.delete(one);
    },
    clear: () => armed.clear(),
    struck: () => [...strikes],
    seed(seed) {
      random = seededRandom(seed);
    },
    release,
    at(point, where) {
      const place: FaultPlace = { ...where, point };
      const actions: FaultAction[] = [];
      for (const one of [...armed]) {
        if (!strikesHere(one, place)) continue;
        record(one, place);
        actions.push(one.fault.then);
        if (one.fault.then.kind !== 'delay') break;
      }
      return actions;
    },
  };
}

function holds(when: Condition | undefined, place: FaultPlace): boolean {
  if (when === undefined) return true;
  if (typeof when === 'function') return when(place);
  return Object.entries(when).every(([field, wanted]) => place[field as keyof FaultPlace] === wanted);
}

/** Mulberry32: small, and the same on every machine. @returns numbers in [0, 1) */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
