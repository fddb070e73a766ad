import { memoryBreaker } from '../../lib/breaker.ts';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { blocksOf } from '../../lib/doris/body.ts';
import { loadBatch } from '../../lib/pipeline.ts';
import type { Doris } from '../../lib/ports.ts';
import type { Ports } from '../../lib/settle/run.ts';
import { decodeKinesisEvent } from '../../lib/source/kinesis.ts';
import { seconds } from '../../lib/units.ts';
import { memoryLedger } from '../../test/support/memory-ledger.ts';
import type { Contender } from './laps.ts';

/** From the parsed event to the blocks that the socket is given; the ledger is in memory and nothing leaves the process. */
export function pipeline(): Contender {
  const config = readConfig(process.env);
  const ports = portsWithoutWorld();
  return async (event) => {
    for (const batch of decodeKinesisEvent(event, config.decode)) {
      const settlement = await loadBatch(batch, ports, config.load, deadlineIn(seconds(60), systemClock));
      if (settlement.kind !== 'settled') throw new Error('the event was not settled');
    }
  };
}

function portsWithoutWorld(): Ports {
  return {
    doris: doris(),
    ledger: memoryLedger(),
    deadLetters: { send: () => Promise.reject(new Error('a dead letter of a good event')) },
    telemetry: { record: () => undefined },
    breaker: memoryBreaker(systemClock),
    clock: systemClock,
  };
}

/** Takes whatever comes. The questions belong to loads in doubt, and none is here. */
function doris(): Doris {
  const notAsked = () => Promise.reject(new Error('a question about a load that is not in doubt'));
  return {
    mode: 'labelled',
    load: async ({ body, mayStart }) => {
      await mayStart();
      let bytes = 0;
      for (const block of blocksOf(body)) bytes += block.length;
      if (bytes === 0) throw new Error('a load without bytes');
      return { kind: 'committed', how: 'loaded', attempts: 1 };
    },
    labelState: notAsked,
    commit: notAsked,
    witness: () => undefined,
    settled: () => undefined,
    newestTransaction: notAsked,
    tableModel: notAsked,
    countRows: notAsked,
  };
}
