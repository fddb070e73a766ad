import type { LoadRules } from '../../../lib/pipeline.ts';
import type { LoaderEvent } from '../../../lib/telemetry.ts';
import { keyText } from '../../support/memory-ledger.ts';
import { type Nature, numbersIn, SHARD } from '../../support/shard.ts';
import { RULES, type World } from '../../support/world.ts';

/** The checkpoint of the shard in the table of the rules. */
export const CHECKPOINT = keyText({ loader: 'test', source: SHARD, target: 'db.t' });

export const TWO_ROW_LOADS: LoadRules = { ...RULES, limits: { ...RULES.limits, maxRows: 2 } };

export const good = (count: number): Nature[] => Array.from({ length: count }, () => 'good');

/** The numbers of the rows in the table, in the order of storing. */
export const stored = (world: World): number[] => numbersIn(world.doris.tables.get('db.t'));

/** The settlement that keeps records from the n-th. */
export const from = (n: number) => ({ kind: 'unsettled', from: String(1000 + n) });

export const claimOf = (world: World) => world.ledger.checkpoints.get(CHECKPOINT)?.claim;

export const eventsOf = <K extends LoaderEvent['kind']>(world: World, kind: K) =>
  world.events.filter((event): event is LoaderEvent & { kind: K } => event.kind === kind);
