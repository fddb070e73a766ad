import { type Figure, medianOf, ratioOf, wallRatioOf } from '../figure.ts';
import { lapOf, race } from '../race.ts';
import type { Stage } from '../stage.ts';

/** So few records that a PUT for each of them ends in time. */
const FEW = 500;

/**
 * What others would use in place of the loader, on the same server in the same run. None of them remembers what was loaded, so a lost reply
 * or a killed function doubles or loses rows; none tells a bad row from a bad day, and what Doris answers is looked at for `Success` only.
 */
export async function measurePeers(stage: Stage): Promise<Figure[]> {
  const [large, small] = [await against(stage, ['naive', 'powertools-batch']), await against(stage, ['powertools-record'], FEW)];
  return [...large, ...small];
}

const NAMES: Readonly<Record<string, string>> = {
  naive: 'JSON.parse, JSON.stringify and one PUT a batch',
  'powertools-batch': 'Powertools batch processor, one PUT a batch',
  'powertools-record': 'Powertools batch processor, one PUT a record',
};

async function against(stage: Stage, peers: readonly string[], most?: number): Promise<Figure[]> {
  const payloads = { kind: 'json', size: 340, ...(most === undefined ? {} : { most }) } as const;
  const result = await race(stage, { contenders: ['handler', ...peers], payloads, rounds: 9 }, {}, 'peers');
  const handler = lapOf(result, 'handler');
  return peers.flatMap((peer) => {
    const lap = lapOf(result, peer);
    const name = `${result.rows} records: loader / ${NAMES[peer]}`;
    return [
      wallRatioOf(`${name}, wall time`, handler.wallMs, lap.wallMs),
      ratioOf(`${name}, CPU`, handler.cpuMs, lap.cpuMs),
      medianOf(NAMES[peer] ?? peer, lap.wallMs, 'ms'),
    ];
  });
}
