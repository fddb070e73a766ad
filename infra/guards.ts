import type { Config } from '../lib/config.ts';
import { addressFaults } from './address-guards.ts';
import { networkFaults } from './network-guards.ts';
import { planOf, tablesOf } from './plan.ts';
import { round } from './plan-warnings.ts';
import type { Loader, Settings } from './settings.ts';
import { sharingFaults } from './sharing-guards.ts';
import { sourceFaults } from './source-guards.ts';

/** Lambda gives a function 4 KB for its variables, names and values counted. */
const ENVIRONMENT_BYTES = 4096;
/** For what the stack adds: names of table, queue, bucket and stream, timeout, log level. */
const ADDED_BYTES = 900;
/** Between the end of a load and the end of its invocation: dead letters, settling, the answer (`lib/deadline.ts` keeps up to 5 s). */
const SECONDS_TO_SETTLE = 10;

const SECRET_ARN = /^arn:[-a-z]+:secretsmanager:[-a-z0-9]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/;

/** Everything in the settings that would lose or double data, or that AWS would refuse, with the reason. */
export function guardFaults(settings: Settings): string[] {
  return [
    ...settings.loaders.flatMap((loader) =>
      [...functionFaults(loader), ...sourceFaults(loader), ...addressFaults(loader, settings.network)].map(
        (fault) => `loader ${loader.name}: ${fault}`,
      ),
    ),
    ...networkFaults(settings.network),
    ...sharingFaults(settings),
    ...busyDatabases(settings),
  ];
}

function functionFaults({ function: { timeoutSeconds, memoryMb }, redrive, environment: { variables, config } }: Loader): string[] {
  const faults: string[] = [];
  const loadSeconds = config.doris.maxLoadTimeout / 1000;
  if (timeoutSeconds < loadSeconds + SECONDS_TO_SETTLE)
    faults.push(
      `function.timeoutSeconds: ${timeoutSeconds} leaves a load of doris.loadTimeoutSeconds (${loadSeconds}) no ${SECONDS_TO_SETTLE} s to be settled in; it would be cut off and come again in doubt`,
    );
  const least = leastMemoryMb(config);
  if (memoryMb < least)
    faults.push(
      `function.memoryMb: ${memoryMb} cannot hold a batch of limits.maxBatchBytes (${config.decode.maxBatchBytes})${config.doris.compression === 'none' ? '' : ' and a packed load of it'}; at least ${least}, or the batch never gets through`,
    );
  if (redrive.lettersPerSecond !== undefined && redrive.everyHours === undefined)
    faults.push(
      'redrive.lettersPerSecond: limits a redrive on a schedule; set redrive.everyHours too, or give "rate" with each invocation',
    );
  const { DORIS_SECRET_ID: secretId = '' } = variables;
  if (secretId.startsWith('arn:') && !SECRET_ARN.test(secretId))
    faults.push(
      'doris.secretId: must be the name of a secret, or its whole ARN with the six characters that Secrets Manager adds; the permission to read it would fit nothing',
    );
  const size = Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), ADDED_BYTES);
  if (size > ENVIRONMENT_BYTES)
    faults.push(
      `environment: about ${size} bytes; Lambda takes ${ENVIRONMENT_BYTES}: fewer doris.routes, or only one certificate in doris.caCertFile`,
    );
  return faults;
}

/** What a function needs for the largest batch: the rows, one load made of them, that load packed and the pieces it is packed in, and Node itself. */
export function leastMemoryMb({ decode: { maxBatchBytes }, doris: { compression }, load: { limits } }: Config): number {
  const packed = compression === 'none' ? 0 : 2 * Math.min(limits.maxBytes, maxBatchBytes);
  return Math.max(256, Math.ceil((2 * maxBatchBytes + packed) / 1024 ** 2) + 192);
}

/** A label is trusted for as long as this rate cannot have pushed it out of Doris's memory. */
function busyDatabases({ loaders }: Settings): string[] {
  const together = new Map<string, number>();
  for (const loader of loaders)
    for (const [database, rate] of planOf(loader)?.databases ?? []) together.set(database, (together.get(database) ?? 0) + rate);
  return loaders.flatMap((loader) => {
    const { transactions, shortest } = loader.environment.config.load.labelMemory;
    return tablesOf(loader)
      .map(({ database }) => database)
      .filter((database, index, all) => all.indexOf(database) === index && (together.get(database) ?? 0) * (shortest / 1000) > transactions)
      .map(
        (database) =>
          `loader ${loader.name}: limits.databaseTransactionsPerSecond is below the ${round(together.get(database) ?? 0)} loads a second that the loaders of this file alone put into ${database}; labels would be trusted for longer than Doris keeps them`,
      );
  });
}
