import type { Figure } from './figure.ts';
import { measureCalls } from './measures/calls.ts';
import { measureColdStart } from './measures/cold-start.ts';
import { measureCompress } from './measures/compress.ts';
import { measureCost } from './measures/cost.ts';
import { measureCpu } from './measures/cpu.ts';
import { measureGrowth } from './measures/growth.ts';
import { measureHandler } from './measures/handler.ts';
import { measureIsolation } from './measures/isolation.ts';
import { measureMemory } from './measures/memory.ts';
import { measurePayloads } from './measures/payloads.ts';
import { measurePeers } from './measures/peers.ts';
import { measureStack } from './measures/stack.ts';
import type { Stage } from './stage.ts';

/** Takes figures, with the stage's servers where it needs them. */
type Bench = (stage: Stage) => Promise<readonly Figure[]>;

/** Every bench by the name that the command line knows. */
export const BENCHES = {
  handler: measureHandler,
  cpu: measureCpu,
  memory: measureMemory,
  calls: measureCalls,
  isolation: measureIsolation,
  'cold-start': measureColdStart,
  stack: measureStack,
  cost: measureCost,
  growth: measureGrowth,
  payloads: measurePayloads,
  peers: measurePeers,
  compress: measureCompress,
} as const satisfies Record<string, Bench>;

export type BenchName = keyof typeof BENCHES;
