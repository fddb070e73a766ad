import type { MappingEvent } from '../event-source-mapping/events.ts';

/** What was seen of a run from outside, and what the function's log says. */
export interface Figures {
  readonly invocations: number;
  /** Invocations whose process was killed, by the run or at the end of its time. */
  readonly killedInvocations: number;
  /** Invocations that left records with the source. */
  readonly partialInvocations: number;
  readonly loads: number;
  /** Log lines of loads by how they ended; those of killed processes are missing. */
  readonly loadsByOutcome: ReadonlyMap<string, number>;
  /** Open claims that were not offered again but resolved by what Doris said, by the consequence. */
  readonly resolvedClaims: ReadonlyMap<string, number>;
  /** Messages in the dead-letter queue, duplicates counted. */
  readonly letters: number;
  /** Transactions of somebody else in the same database; Doris remembers the labels of the last 2000 of all. */
  readonly neighbours: number;
}

interface LogLine {
  readonly message?: string;
  readonly outcome?: string;
  readonly how?: string;
  readonly consequence?: string;
}

/** Counts while a run lasts. */
export function createTally() {
  const luck = new Map<string, number>();
  const loads = new Map<string, number>();
  const claims = new Map<string, number>();
  let invocations = 0;
  let killed = 0;
  let partial = 0;
  const add = (to: Map<string, number>, what: string): void => void to.set(what, (to.get(what) ?? 0) + 1);

  function outcome({ result, verdict }: Extract<MappingEvent, { kind: 'outcome' }>): void {
    invocations += 1;
    if (result.kind === 'crashed' || result.kind === 'timeout') killed += 1;
    else if (verdict.kind !== 'settled') partial += 1;
  }

  return {
    observe(event: MappingEvent): void {
      if (event.kind === 'outcome') outcome(event);
      if (event.kind === 'bad-luck') add(luck, `delivery: ${LUCK[event.luck.kind]}`);
    },
    line(text: string): void {
      const logged = parsed(text);
      if (logged.message === 'load') add(loads, [logged.outcome, logged.how].filter((part) => part !== undefined).join(', '));
      if (logged.message === 'claim-resolved') add(claims, logged.consequence ?? '');
    },
    badLuck: (): ReadonlyMap<string, number> => luck,
    figures: (): Omit<Figures, 'letters' | 'neighbours'> => ({
      invocations,
      killedInvocations: killed,
      partialInvocations: partial,
      loads: [...loads.values()].reduce((sum, count) => sum + count, 0),
      loadsByOutcome: loads,
      resolvedClaims: claims,
    }),
  };
}

const LUCK = { repeat: 'batch again', rewind: 'last records again, cut anew', overlap: 'batch twice at once' } as const;

/** What is no JSON object has nothing to say here. */
function parsed(text: string): LogLine {
  if (!text.startsWith('{')) return {};
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    // A process that is killed leaves its last line unfinished.
    return {};
  }
}
