import { cpuMs } from '../cpu-time.ts';
import { freshEvent, type Payloads, type Sample, sampleOf } from '../event.ts';

/** Something that takes an event through to its end. Made once, run many times. */
export type Contender = (event: { readonly Records: readonly object[] }, sample: Sample) => Promise<void>;

/** Contenders by name. */
type Field = Readonly<Record<string, () => Contender | Promise<Contender>>>;

/** Who runs against whom, on what. */
export interface RaceJob {
  readonly contenders: readonly string[];
  readonly payloads: Payloads;
  readonly rounds: number;
  /** Events that a contender takes in one round; default 1. */
  readonly events?: number;
}

/** What one contender took, an event, in each round. */
export interface Lap {
  readonly wallMs: readonly number[];
  readonly cpuMs: readonly number[];
}

/** How the race ended. */
export interface RaceResult {
  readonly rows: number;
  readonly bytes: number;
  readonly laps: Readonly<Record<string, Lap>>;
}

/** Rounds before those that count: the engine compiles what it sees often, and a function stays warm for thousands of events. */
export const WARM_UPS = 20;

/** Runs the race that the command line asks for, prints how it ended, and ends the process. */
export async function runRace(field: Field): Promise<never> {
  process.stdout.write(JSON.stringify(await race(JSON.parse(process.argv[2] ?? '') as RaceJob, field)));
  // Connections are kept for the next invocation, as in Lambda.
  process.exit(0);
}

/** Every round everybody runs, each time in another order, so that all see the same machine. */
async function race({ contenders, payloads, rounds, events = 1 }: RaceJob, field: Field): Promise<RaceResult> {
  const sample = sampleOf(payloads);
  const runners = await Promise.all(contenders.map((name) => runnerOf(name, field)));
  for (let round = -WARM_UPS; round < rounds; round++) {
    const shift = (round + WARM_UPS) % runners.length;
    for (const runner of [...runners.slice(shift), ...runners.slice(0, shift)]) {
      const lap = await timed(runner.run, sample, events);
      if (round >= 0) note(runner, lap);
    }
  }
  const laps = Object.fromEntries(runners.map(({ name, wallMs, cpuMs }) => [name, { wallMs, cpuMs }]));
  return { rows: sample.rows, bytes: sample.body.length, laps };
}

async function runnerOf(name: string, field: Field) {
  const make = field[name];
  if (make === undefined) throw new RangeError(`nobody is called ${name}`);
  return { name, run: await make(), wallMs: [], cpuMs: [] };
}

interface Took {
  readonly wallMs: number;
  readonly cpuMs: number;
}

function note({ wallMs, cpuMs }: { readonly wallMs: number[]; readonly cpuMs: number[] }, took: Took): void {
  wallMs.push(took.wallMs);
  cpuMs.push(took.cpuMs);
}

/**
 * CPU of all threads of this process. Collections are left to the engine: one that is forced finds no event alive, drops the shapes of its
 * objects and with them the code that was compiled for them, which doubled the time of the handler.
 */
async function timed(run: Contender, sample: Sample, events: number): Promise<Took> {
  const fresh = Array.from({ length: events }, () => freshEvent(sample));
  const before = process.cpuUsage();
  const started = performance.now();
  for (const event of fresh) await run(event, sample);
  const wallMs = (performance.now() - started) / events;
  return { wallMs, cpuMs: cpuMs(before) / events };
}
