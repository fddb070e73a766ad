import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { Label } from '../plan/label.ts';
import type { Doris, PositionCount, Span, Target, Told } from '../ports.ts';
import { knowBackends } from './backends.ts';
import { abortPrecommitted, commitPrecommitted } from './commit.ts';
import { askCount, askPositions } from './count.ts';
import { takeTurns } from './frontends.ts';
import { askLabelState } from './label-state.ts';
import type { Line } from './line.ts';
import { packLoads } from './packing.ts';
import { beginAndAbort } from './probe.ts';
import { type DorisSettings, withDefaults } from './settings.ts';
import { askTableModel } from './table-model.ts';
import { openWires, type Wires } from './wires.ts';
import { knowWitnesses } from './witnesses.ts';

/** Doris, and what only some need of it. */
export interface DorisClient extends Doris {
  /** Drops a load that is precommitted under its label: none of its rows is ever visible. */
  drop(target: Target, label: Label, deadline: Deadline): Promise<void>;
  /** Rows of a span, and the different positions that they carry. */
  countPositions(target: Target, span: Span, deadline: Deadline): Promise<Told<PositionCount>>;
  close(): Promise<void>;
}

/**
 * A client of one Doris cluster. Connects to nobody until it is used, and keeps connections until it is closed.
 * @example
 * const doris = connectDoris({ frontends: [new URL('http://10.0.0.5:8030')], credentials, redirects: parseRedirectHosts('10.0.0.0/24') }, systemClock);
 * const outcome = await doris.load({ label, target, rows: 2, body: [twoLines] }, deadlineIn(seconds(60), systemClock));
 * @param wires - default: sockets.
 */
export function connectDoris(settings: DorisSettings, clock: Clock, wires?: Wires): DorisClient {
  const full = withDefaults(settings);
  const line: Line = {
    settings: full,
    wires: wires ?? openWires(full),
    clock,
    frontends: takeTurns(full.frontends),
    backends: knowBackends(),
  };
  const witnesses = knowWitnesses();
  const put = packLoads(line);
  return {
    mode: full.mode,
    load: async (load, deadline) => {
      const outcome = await put(load, deadline);
      // What `publish-timeout` or a known label stands for may become visible later.
      if (outcome.kind === 'committed' && outcome.how === 'loaded') witnesses.sawVisible(load.label);
      return outcome;
    },
    commit: async (target, label, deadline) => (await commitPrecommitted({ target, label }, undefined, deadline, line)).state,
    witness: witnesses.of,
    settled: witnesses.settled,
    newestTransaction: (target, deadline) => beginAndAbort(target, deadline, line),
    tableModel: (target, deadline) => askTableModel(target, deadline, line),
    countRows: (target, span, deadline) => askCount(target, span, deadline, line),
    labelState: (database, label, deadline) => askLabelState(database, label, deadline, line),
    countPositions: (target, span, deadline) => askPositions(target, span, deadline, line),
    drop: (target, label, deadline) => abortPrecommitted({ target, label }, deadline, line),
    close: () => line.wires.close(),
  };
}
