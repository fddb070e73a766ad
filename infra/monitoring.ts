import type { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { alarmTopic, createAlarms } from './alarm.ts';
import { dashboard } from './dashboard.ts';
import { deadLetterAlarms } from './dead-letter-alarms.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { DeployedLoader } from './deployed-loader.ts';
import { loaderAlarms } from './loader-alarms.ts';
import type { Settings } from './settings.ts';

/** Alarms and dashboard of a stack. */
export function monitoring(stack: Stack, settings: Settings, deadLetters: DeadLetters, loaders: readonly DeployedLoader[]): void {
  const within = new Construct(stack, 'Monitoring');
  const topic = alarmTopic(within, settings.alarmTopicArn);
  const alarms = [
    ...createAlarms(within, settings.stack, deadLetterAlarms(deadLetters), topic),
    ...loaders.flatMap((deployed) => {
      const { name } = deployed.loader;
      return createAlarms(new Construct(within, name), `${settings.stack}-${name}`, loaderAlarms(deployed), topic);
    }),
  ];
  dashboard(within, settings.stack, alarms, loaders);
}
