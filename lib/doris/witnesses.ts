import type { Label } from '../plan/label.ts';

/** Loads that this client saw become visible, and the last settled one of each database. */
export interface Witnesses {
  sawVisible(label: Label): void;
  settled(database: string, label: Label): void;
  of(database: string): Label | undefined;
}

/** Loads that one process may have visible and not settled; of a load that falls out merely no witness is made. */
const MOST_VISIBLE = 1_000;

/** Knows nothing at first. */
export function knowWitnesses(): Witnesses {
  const visible = new Set<Label>();
  const settled = new Map<string, Label>();
  return {
    sawVisible: (label) => {
      if (visible.size >= MOST_VISIBLE) visible.clear();
      visible.add(label);
    },
    settled: (database, label) => {
      if (visible.delete(label)) settled.set(database, label);
    },
    of: (database) => settled.get(database),
  };
}
