import type { Clock } from '../clock.ts';
import type { Doris } from '../ports.ts';
import { knowBackends } from './backends.ts';
import { takeTurns } from './frontends.ts';
import { askLabelState } from './label-state.ts';
import type { Line } from './line.ts';
import { loadUntilTold } from './load.ts';
import { type DorisSettings, withDefaults } from './settings.ts';
import { openWires, type Wires } from './wires.ts';

/**
 * A client of one Doris cluster. Connects to nobody until it is used, and keeps connections until it is closed.
 * @example
 * const doris = connectDoris({ frontends: [new URL('http://10.0.0.5:8030')], credentials, redirects: parseRedirectHosts('10.0.0.0/24') }, systemClock);
 * const outcome = await doris.load({ label, target, rows: 2, body: [twoLines] }, deadlineIn(seconds(60), systemClock));
 * @param wires - default: sockets.
 */
export function connectDoris(settings: DorisSettings, clock: Clock, wires?: Wires): Doris & { close(): Promise<void> } {
  const full = withDefaults(settings);
  const line: Line = {
    settings: full,
    wires: wires ?? openWires(full),
    clock,
    frontends: takeTurns(full.frontends),
    backends: knowBackends(),
  };
  return {
    load: (load, deadline) => loadUntilTold(load, deadline, line),
    labelState: (database, label, deadline) => askLabelState(database, label, deadline, line),
    close: () => line.wires.close(),
  };
}
