import type { ActionsAt, FaultAction, FaultPoint } from './fault-actions.ts';

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

type Condition = Partial<Omit<FaultPlace, 'point'>> | ((place: FaultPlace) => boolean);

interface FaultAt<P extends FaultPoint> {
  readonly at: P;
  /** Which requests: fields that must be equal, or a test; all when absent. */
  readonly when?: Condition;
  /** How often at most; for ever when absent. */
  readonly times?: number;
  /** 0 to 1, drawn from the seeded generator; always when absent. */
  readonly probability?: number;
  readonly action: ActionsAt[P];
}

/** One scripted fault: where, for whom, how often, and what happens. */
export type Fault = { [P in FaultPoint]: FaultAt<P> }[FaultPoint];

/** One fault that struck. */
interface Strike {
  readonly place: FaultPlace;
  readonly action: FaultAction;
}

/** The script of faults. At each point matching faults apply in the order in which they were added. */
export interface Faults {
  /** @returns a function that takes the fault out again. */
  add(fault: Fault): () => void;
  clear(): void;
  /** The last 100,000 that struck, oldest first. */
  struck(): readonly Strike[];
  /** Starts the generator of probabilities anew. */
  seed(seed: number): void;
  /** Ends what waits for it: locked labels and publications without a time. Resolves when their effect is there. */
  release(): Promise<void>;
  /** For the server: the actions that strike here, delays first met first, ending with the first that is no delay. */
  at(point: FaultPoint, place: Omit<FaultPlace, 'point'>): readonly FaultAction[];
}

const STRIKES_KEPT = 100_000;

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
    strikes.push({ place, action: one.fault.action });
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
        actions.push(one.fault.action);
        if (one.fault.action.kind !== 'delay') break;
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
