import type { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { alarmTopic, createAlarms } from './alarm.ts';
import { dashboard } from './dashboard.ts';
import { deadLetterAlarms } from './dead-letter-alarms.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { KinesisLoader } from './kinesis-loader.ts';
import { loaderAlarms } from './loader-alarms.ts';
import type { Loader, Settings } from './settings.ts';

/** Alarms and dashboard of a stack. */
export function monitoring(
  stack: Stack,
  settings: Settings,
  deadLetters: DeadLetters,
  loaders: readonly (readonly [Loader, KinesisLoader])[],
): void {
  const within = new Construct(stack, 'Monitoring');
  const topic = alarmTopic(within, settings.alarmTopicArn);
  const alarms = [
    ...createAlarms(within, settings.stack, deadLetterAlarms(deadLetters), topic),
    ...loaders.flatMap(([loader, made]) =>
      createAlarms(new Construct(within, loader.name), `${settings.stack}-${loader.name}`, loaderAlarms(loader, made), topic),
    ),
  ];
  dashboard(within, settings.stack, alarms, loaders);
}
