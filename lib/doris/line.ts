import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { Frontends } from './frontends.ts';
import type { FullSettings } from './settings.ts';
import type { Wires } from './wires.ts';

/** What every part of one client shares. */
export interface Line {
  readonly settings: FullSettings;
  readonly wires: Wires;
  readonly clock: Clock;
  readonly frontends: Frontends;
  readonly backends: Backends;
}

/** The backends of one cluster, as its frontends list them. */
export interface Backends {
  /** Every backend alive, another one first each time. Empty when no frontend tells, or none may get credentials. */
  inTurn(deadline: Deadline, line: Line): Promise<readonly URL[]>;
}
