import { CfnParameter, Duration, type Stack } from 'aws-cdk-lib';
import { batchOf } from './batch.ts';
import { leastMemoryMb } from './guards.ts';
import { LOG_LEVELS, LONGEST_WINDOW_SECONDS } from './loader-settings.ts';
import { nameInTemplate } from './name-in-template.ts';
import type { Loader } from './settings.ts';
import { type IggySource, MOST_INVOCATIONS } from './source-settings.ts';

/** What an operator turns with `cdk deploy --parameters`, without a new synth. Values are tokens. */
export interface LoaderParameters {
  readonly batchSize: number;
  readonly batchWindow: Duration;
  readonly memoryMb: number;
  readonly logLevel: string;
  /** `true`, or `false` where no records are to be brought. */
  readonly enabled: string;
}

interface NumberParameter {
  readonly about: string;
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

interface ChoiceParameter<Value extends string> {
  readonly about: string;
  readonly allowed: readonly Value[];
  readonly value: Value;
}

/** The parameters of one loader; the settings file gives their defaults. */
export function loaderParameters(stack: Stack, loader: Loader): LoaderParameters {
  const { function: settings, environment } = loader;
  const { size, largest, windowSeconds } = batchOf(loader);
  return {
    batchSize: numberParameter(stack, loader, 'BatchSize', {
      about: 'Records or messages of one batch at most',
      from: 1,
      to: largest,
      value: size,
    }),
    batchWindow: windowSeconds === undefined ? Duration.seconds(0) : windowParameter(stack, loader, windowSeconds),
    memoryMb: numberParameter(stack, loader, 'Memory', {
      about: 'Memory of the function in MB; 1769 MB is one CPU',
      from: leastMemoryMb(environment.config),
      to: 10_240,
      value: settings.memoryMb,
    }),
    logLevel: choiceParameter(stack, loader, 'LogLevel', {
      about: 'least level that the function logs',
      allowed: LOG_LEVELS,
      value: settings.logLevel,
    }),
    enabled: choiceParameter(stack, loader, 'Enabled', {
      about: 'false pauses it: the source keeps its records until their retention is over',
      allowed: ['true', 'false'],
      value: 'true',
    }),
  };
}

function windowParameter(stack: Stack, loader: Loader, windowSeconds: number): Duration {
  return Duration.seconds(
    numberParameter(stack, loader, 'BatchWindow', {
      about: 'Seconds that a batch may fill. Longer makes fewer, larger loads, and rows visible later',
      // AWS refuses a batch of more than 10 records without a window.
      from: 1,
      to: LONGEST_WINDOW_SECONDS,
      value: windowSeconds,
    }),
  );
}

/** How many invocations of a loader a queue may start at once: never more than are reserved, or the others are received and thrown back. */
export function concurrencyParameter(stack: Stack, loader: Loader, { maximumConcurrency: value }: IggySource): number {
  const to = Math.min(MOST_INVOCATIONS, loader.function.reservedConcurrency ?? MOST_INVOCATIONS);
  return numberParameter(stack, loader, 'MaximumConcurrency', { about: 'Invocations at once', from: 2, to, value });
}

function numberParameter(stack: Stack, loader: Loader, name: string, { about, from, to, value }: NumberParameter): number {
  return new CfnParameter(stack, nameInTemplate(loader, name), {
    type: 'Number',
    description: `${loader.name}: ${about}, ${from} to ${to}.`,
    minValue: from,
    maxValue: to,
    default: value,
    constraintDescription: `must be a whole number from ${from} to ${to}`,
  }).valueAsNumber;
}

function choiceParameter<Value extends string>(
  stack: Stack,
  loader: Loader,
  name: string,
  { about, allowed, value }: ChoiceParameter<Value>,
): string {
  return new CfnParameter(stack, nameInTemplate(loader, name), {
    type: 'String',
    description: `${loader.name}: ${about}`,
    allowedValues: [...allowed],
    default: value,
  }).valueAsString;
}
