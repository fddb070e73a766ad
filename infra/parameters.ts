import { CfnParameter, type Stack } from 'aws-cdk-lib';
import { leastMemoryMb } from './guards.ts';
import { LOG_LEVELS } from './loader-settings.ts';
import type { Loader } from './settings.ts';

/** What an operator turns with `cdk deploy --parameters`, without a new synth. Values are tokens. */
export interface LoaderParameters {
  readonly batchSize: number;
  readonly batchWindowSeconds: number;
  readonly memoryMb: number;
  readonly logLevel: string;
}

interface NumberParameter {
  readonly about: string;
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** The parameters of one loader; the settings file gives their defaults. */
export function loaderParameters(stack: Stack, loader: Loader): LoaderParameters {
  const { batch, function: settings, environment } = loader;
  return {
    batchSize: numberParameter(stack, `${parameterPrefix(loader)}BatchSize`, {
      about: 'Records of one batch at most',
      from: 1,
      to: 10_000,
      value: batch.size,
    }),
    batchWindowSeconds: numberParameter(stack, `${parameterPrefix(loader)}BatchWindow`, {
      about: 'Seconds that a batch may fill. Longer makes fewer, larger loads, and rows visible later',
      // AWS refuses a batch of more than 10 records without a window.
      from: 1,
      to: 300,
      value: batch.windowSeconds,
    }),
    memoryMb: numberParameter(stack, `${parameterPrefix(loader)}Memory`, {
      about: 'Memory of the function in MB; 1769 MB is one CPU',
      from: leastMemoryMb(environment.config.decode.maxBatchBytes),
      to: 10_240,
      value: settings.memoryMb,
    }),
    logLevel: new CfnParameter(stack, `${parameterPrefix(loader)}LogLevel`, {
      type: 'String',
      description: `${loader.name}: least level that the function logs`,
      allowedValues: [...LOG_LEVELS],
      default: settings.logLevel,
    }).valueAsString,
  };
}

/** `web-clicks` is `WebClicks`. */
function parameterPrefix({ name }: Loader): string {
  return name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll('-', '');
}

function numberParameter(stack: Stack, id: string, { about, from, to, value }: NumberParameter): number {
  return new CfnParameter(stack, id, {
    type: 'Number',
    description: `${about}, ${from} to ${to}.`,
    minValue: from,
    maxValue: to,
    default: value,
    constraintDescription: `must be a whole number from ${from} to ${to}`,
  }).valueAsNumber;
}
