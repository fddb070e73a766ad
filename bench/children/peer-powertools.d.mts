import type { Contender } from './laps.ts';

export declare function powertoolsPerRecord(): Contender;
export declare function powertoolsPerBatch(): Contender;
