import type { LetterKey, LetterState, LoadKey, RedriveLedger, RedriveLoad } from '../../lib/redrive/ledger.ts';
import type { Position } from '../../lib/source/position.ts';
import type { SourceShard } from '../../lib/source/record.ts';

/** What became of redriven records, in memory. Passes the same contract suite as the one on DynamoDB. */
export function memoryRedrives(): RedriveLedger {
  const letters = new Map<string, LetterState>();
  const loads = new Map<string, RedriveLoad>();
  const letterName = ({ loader, source, target, position, iggy }: LetterKey): string =>
    JSON.stringify([loader, source, target, position, iggy]);
  const loadName = ({ loader, source, name }: LoadKey): string => JSON.stringify([loader, source.stream, source.shard, name]);
  const letterAt = (key: LetterKey): LetterState => letters.get(letterName(key)) ?? { kind: 'new' };
  const isBoundTo = (state: LetterState, load: string): boolean => state.kind !== 'new' && state.kind !== 'stored' && state.load === load;
  const loadAt = (key: LoadKey): RedriveLoad => {
    const load = loads.get(loadName(key));
    if (load === undefined) throw new Error(`no load ${key.name}`);
    return load;
  };
  return {
    letter: async (key) => letterAt(key),
    firstRedriven: async ({ loader, source, target }) =>
      [...letters.keys()]
        .map((name) => JSON.parse(name) as [string, SourceShard, string, Position])
        .filter(([by, { stream, shard }, into]) => by === loader && stream === source.stream && shard === source.shard && into === target)
        .map(([, , , position]) => position)
        .toSorted()[0],
    bind: async (key, seen, load) => {
      const now = letterAt(key);
      const may = seen.kind === 'new' ? now.kind === 'new' : isBoundTo(now, seen.load);
      if (may) letters.set(letterName(key), { kind: 'bound', load });
      return may;
    },
    decide: async (key, load, fate) => {
      if (isBoundTo(letterAt(key), load)) letters.set(letterName(key), { kind: fate, load });
    },
    open: async (key, load) => void loads.set(loadName(key), load),
    read: async (key) => loadAt(key),
    write: async (key, load, expect) => {
      const now = loadAt(key);
      if (now.state !== 'open' || (expect !== undefined && now.fence !== expect)) return now;
      loads.set(loadName(key), load);
      return load;
    },
  };
}
