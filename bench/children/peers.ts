import { handlerOf } from './handler.ts';
import { runRace } from './laps.ts';
import { naive } from './peer-naive.ts';
import { powertoolsPerBatch, powertoolsPerRecord } from './peer-powertools.mjs';

await runRace({ handler: handlerOf, naive, 'powertools-record': powertoolsPerRecord, 'powertools-batch': powertoolsPerBatch });
