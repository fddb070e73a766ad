import type { MappingEvent } from '../event-source-mapping/events.ts';

/** Notices a run that would not come to its end by itself: a shard waits for as long as it takes, which is right, but not here. */
export interface StallWatch {
  readonly observe: (event: MappingEvent) => void;
  /** Told every line that the function writes. */
  readonly readLine: (text: string) => void;
  /** Told whenever something else moved. */
  readonly moved: () => void;
  /** Why records stayed, or what the function failed with last; undefined when a batch has settled since. */
  readonly why: () => string | undefined;
  /** Resolves with a sentence that says what stands in the way. */
  readonly stalled: Promise<string>;
  stop(): void;
}

/** No outage of the demo's making lasts as long. */
const PATIENCE_MS = 60_000;

/** Starts to watch. A blown fuse is told at once, anything else when no record was settled for a while. */
export function watchForStall(patienceMs = PATIENCE_MS): StallWatch {
  let lastWords: string | undefined;
  let tell: (why: string) => void = () => undefined;
  const stalled = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const timer = setTimeout(
    () => tell(`no record was settled for ${patienceMs / 1000} s; the function: ${lastWords ?? 'it said nothing'}`),
    patienceMs,
  );
  return {
    observe(event) {
      if (event.kind !== 'outcome') return;
      const { verdict, result } = event;
      if (verdict.kind === 'settled' || (verdict.kind === 'checkpoint' && verdict.index > 0)) timer.refresh();
      if (verdict.kind === 'settled') lastWords = undefined;
      if (result.kind === 'error') lastWords = `${result.errorType}: ${result.errorMessage}`;
      if (result.kind === 'timeout') lastWords = `not done after ${result.afterMillis / 1000} s`;
    },
    readLine(text) {
      const line = parsed(text);
      if (line?.message === 'fuse-blown') tell(fuseText(line));
      if (line?.message === 'unsettled') lastWords = String(line.reason);
    },
    moved: () => void timer.refresh(),
    why: () => lastWords,
    stalled,
    stop: () => clearTimeout(timer),
  };
}

/** What is read of a line of the function's log. */
interface LogLine {
  readonly message?: unknown;
  readonly target?: unknown;
  readonly bad?: unknown;
  readonly of?: unknown;
  readonly reason?: unknown;
}

function fuseText({ target, bad, of, reason }: LogLine): string {
  return `the fuse has blown: Doris refused ${bad} of ${of} rows for ${target}, which looks like a table that does not fit the records, so nothing is dead-lettered and the shard waits. Doris says: ${reason}`;
}

function parsed(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
