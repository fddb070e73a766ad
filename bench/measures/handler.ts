import { atMost, type Figure, medianOf, ratioOf, wallRatioOf } from '../figure.ts';
import { lapOf, race } from '../race.ts';
import type { Stage } from '../stage.ts';

/** The deployed function against a bare keep-alive PUT of the same bytes over the same two hops to the same server. */
export async function measureHandler(stage: Stage): Promise<Figure[]> {
  const result = await race(stage, {
    contenders: ['handler', 'plain', 'ledger-alone', 'base64-alone'],
    payloads: { kind: 'json', size: 340 },
    rounds: 15,
  });
  const [handler, plain, ledger, base64] = [
    lapOf(result, 'handler'),
    lapOf(result, 'plain'),
    lapOf(result, 'ledger-alone'),
    lapOf(result, 'base64-alone'),
  ];
  const least = plain.wallMs.map((wall, round) => wall + (ledger.wallMs[round] ?? 0) + (base64.wallMs[round] ?? 0));
  return [
    wallRatioOf(`${result.rows} records of 340 bytes: handler / plain PUT, wall time`, handler.wallMs, plain.wallMs, atMost(1.3)),
    wallRatioOf('handler / (plain PUT + two ledger writes alone + base64 alone), wall time', handler.wallMs, least),
    ratioOf('handler / plain PUT, CPU with sockets and ledger calls', handler.cpuMs, plain.cpuMs),
    medianOf('handler', handler.wallMs, 'ms'),
    medianOf('handler, CPU', handler.cpuMs, 'ms'),
    medianOf('plain PUT', plain.wallMs, 'ms'),
    medianOf('plain PUT, CPU', plain.cpuMs, 'ms'),
    medianOf('two ledger writes alone', ledger.wallMs, 'ms'),
    medianOf('base64 and concat alone', base64.wallMs, 'ms'),
  ];
}
