import type { Config } from '../config.ts';
import type { Told } from '../ports.ts';
import { spanText } from '../span-text.ts';
import { type Finding, fault, ok, untold, warning } from './finding.ts';

/** Between the end of a load and the end of its invocation: dead letters, settling, the answer. */
const SECONDS_TO_SETTLE = 10;

/** Within so long a delivery that failed has come again, when nothing else is wrong. */
const LEAST_MEMORY_MS = 30_000;

/** Whether the times that are set fit into each other. @param functionTimeout - of the deployed function in seconds, where it is known. */
export function checkTimeouts({ doris, load }: Config, functionTimeout: number | undefined): readonly Finding[] {
  const loadSeconds = doris.maxLoadTimeout / 1000;
  const findings: Finding[] = [];
  if (functionTimeout !== undefined && functionTimeout < loadSeconds + SECONDS_TO_SETTLE)
    findings.push(
      fault(
        'timeouts',
        'function timeout',
        `${functionTimeout} s leave a load of ${loadSeconds} s (DORIS_LOAD_TIMEOUT_SECONDS) no ${SECONDS_TO_SETTLE} s to be settled in: it is cut off and comes again in doubt`,
        'raise the timeout of the function, or lower DORIS_LOAD_TIMEOUT_SECONDS',
      ),
    );
  const connecting = doris.connectTimeout * doris.frontends.length;
  if (connecting > doris.maxLoadTimeout)
    findings.push(
      warning(
        'timeouts',
        'DORIS_CONNECT_TIMEOUT_MS',
        `${doris.frontends.length} frontends that are away take ${spanText(connecting)}, longer than a load may`,
        'lower DORIS_CONNECT_TIMEOUT_MS',
      ),
    );
  const { shortest } = load.labelMemory;
  if (shortest < LEAST_MEMORY_MS)
    findings.push(
      warning(
        'timeouts',
        'DATABASE_TRANSACTIONS_PER_SECOND',
        `labels are surely remembered for ${spanText(shortest)} only: a lost reply is often not resolved by its label`,
        'load less often into this database, raise label_num_threshold of Doris and LABEL_MEMORY_TRANSACTIONS, or lower DATABASE_TRANSACTIONS_PER_SECOND to what is true',
      ),
    );
  return findings.length === 0 ? [ok('timeouts', 'settings', 'fit into each other')] : findings;
}

/** A setting of Doris's frontends beside the setting of the loader that relies on it. */
export interface Remembered {
  readonly setting: string;
  readonly frontendSetting: string;
  readonly assumed: number;
}

/** What the loader takes for granted of Doris's memory of labels. */
export function assumedMemory({ load: { labelMemory } }: Config): readonly Remembered[] {
  return [
    { setting: 'LABEL_MEMORY_SECONDS', frontendSetting: 'streaming_label_keep_max_second', assumed: labelMemory.longest / 1000 },
    { setting: 'LABEL_MEMORY_TRANSACTIONS', frontendSetting: 'label_num_threshold', assumed: labelMemory.transactions },
  ];
}

/** Compares an assumption with what Doris says. */
export function checkMemory({ setting, frontendSetting, assumed }: Remembered, told: Told<string>): Finding {
  if (told.kind !== 'told')
    return untold(
      'label-memory',
      setting,
      `${frontendSetting} of Doris cannot be read: ${told.reason}`,
      `ask somebody with the privilege ADMIN whether it is ${assumed} or more`,
    );
  // -1 counts none: labels are kept by time alone.
  if (Number(told.value) >= assumed || told.value === '-1')
    return ok('label-memory', setting, `Doris has ${frontendSetting} = ${told.value}`);
  return fault(
    'label-memory',
    setting,
    `${setting} is ${assumed}, Doris has ${frontendSetting} = ${told.value}: labels are trusted for longer than Doris keeps them`,
    `set ${setting} to ${told.value}`,
  );
}
