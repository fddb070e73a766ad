import { base64Alone } from './base64-alone.ts';
import { handlerOf } from './handler.ts';
import { runRace } from './laps.ts';
import { ledgerAlone } from './ledger-alone.ts';
import { pipeline } from './pipeline.ts';
import { plain } from './plain-put.ts';

await runRace({ handler: handlerOf, plain, pipeline, 'base64-alone': base64Alone, 'ledger-alone': ledgerAlone });
