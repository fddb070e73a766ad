import type { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { alarmTopic, createAlarms } from './alarm.ts';
import { dashboard } from './dashboard.ts';
import type { DeployedLoader } from './deployed-loader.ts';
import { loaderAlarms } from './loader-alarms.ts';
import type { Settings } from './settings.ts';

/** Alarms and dashboard of a stack. */
export function monitoring(stack: Stack, settings: Settings, loaders: readonly DeployedLoader[]): void {
  const within = new Construct(stack, 'Monitoring');
  const topic = alarmTopic(within, settings.alarmTopicArn);
  const alarms = loaders.flatMap((deployed) => {
    const { name } = deployed.loader;
    return createAlarms(new Construct(within, name), `${settings.stack}-${name}`, loaderAlarms(deployed), topic);
  });
  dashboard(within, settings.stack, alarms, loaders);
}
