import { atMost, type Figure, medianOf, ratioOf } from '../figure.ts';
import { lapOf, race } from '../race.ts';
import type { Stage } from '../stage.ts';

const ROUTED = {
  DORIS_ROUTES: '[{"field":"kind","equals":"click","table":"clicks"}]',
  DORIS_POSITION_COLUMNS: 'source=_source,shard=_shard,position=_position,arrived_at=_arrived_at',
};

/** CPU of all that happens between the parsed event and the socket, against the least that could: base64 and joining. */
export async function measureCpu(stage: Stage): Promise<Figure[]> {
  return [...(await cpuOf(stage, 'rows as they came', 2.5, {})), ...(await cpuOf(stage, 'routed by a field, position columns', 4, ROUTED))];
}

async function cpuOf(stage: Stage, name: string, goal: number, env: Readonly<Record<string, string>>): Promise<Figure[]> {
  const result = await race(
    stage,
    { contenders: ['pipeline', 'base64-alone'], payloads: { kind: 'json', size: 340 }, rounds: 15, events: 3 },
    env,
  );
  const mine = lapOf(result, 'pipeline').cpuMs;
  const perMegabyte = mine.map((cpuMs) => cpuMs / (result.bytes / 1e6));
  return [
    ratioOf(`${name}: event to socket / base64 and concat, CPU`, mine, lapOf(result, 'base64-alone').cpuMs, atMost(goal)),
    medianOf(`${name}: CPU of a megabyte of payload`, perMegabyte, 'ms'),
  ];
}
