import { readFileSync } from 'node:fs';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { graphsOf, shownMetrics } from './metrics.ts';
import { aLoader, anIggyLoader, settingsWith } from './settings-builder.ts';
import { templateOf } from './synthesise.ts';

const ALARM = 'AWS::CloudWatch::Alarm';
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly MetricName?: string;
  readonly Metrics?: readonly {
    readonly Expression?: string;
    readonly MetricStat?: { readonly Metric: { readonly MetricName: string } };
  }[];
}

function alarmsOf(template: Template): AlarmProperties[] {
  return Object.values(template.findResources(ALARM)).map(({ Properties }) => Properties as AlarmProperties);
}

let template: Template;
let iggy: Template;
beforeAll(() => {
  iggy = templateOf(settingsWith(anIggyLoader()));
  template = templateOf(settingsWith(aLoader({ alarms: { behindMinutes: 20, leastHoursLeft: 5 } })));
});

describe('an alarm', () => {
  it('has a section in the runbook, with problem, how to see it and fix', () => {
    const sections = new Map(
      read('docs/runbook.md')
        .split(/^## /m)
        .map((section) => [section.split('\n', 1)[0], section]),
    );
    for (const { AlarmDescription } of [...alarmsOf(template), ...alarmsOf(iggy)]) {
      const anchor = /docs\/runbook\.md#([-a-z]+)$/.exec(AlarmDescription)?.[1];
      const section = sections.get(anchor) ?? '';
      expect.soft(section, anchor).toMatch(/\*\*Problem\.\*\*.+\*\*How to see\.\*\*.+\*\*Fix\.\*\*/s);
    }
  });

  it('has a description that begins with the first step', () => {
    for (const { AlarmDescription } of [...alarmsOf(template), ...alarmsOf(iggy)])
      expect.soft(AlarmDescription).toMatch(/^[A-Z].+\. docs\/runbook\.md#/);
  });

  it('does not go off while nothing arrives', () => {
    template.allResourcesProperties(ALARM, { TreatMissingData: 'notBreaching' });
  });

  it('tells a topic when it goes off and when it is over', () => {
    const topic = 'arn:aws:sns:eu-central-1:123456789012:on-call';
    const loud = templateOf(settingsWith(aLoader(), { alarmTopicArn: topic }));
    loud.allResourcesProperties(ALARM, { AlarmActions: [topic], OKActions: [topic] });
  });

  it('tells nobody without a topic', () => {
    template.allResourcesProperties(ALARM, { AlarmActions: Match.absent() });
  });

  it('watches only metrics that the function writes, under their names', () => {
    const written = read('lib/powertools-telemetry.ts');
    const watched = alarmsOf(template)
      .flatMap(({ Metrics = [] }) => Metrics)
      .map(({ MetricStat }) => MetricStat?.Metric)
      .filter((metric) => JSON.stringify(metric ?? {}).includes('DorisLambdaLoader/'))
      .map((metric) => metric?.MetricName);
    expect(watched.length).toBeGreaterThan(0);
    for (const name of new Set(watched)) expect.soft(written).toContain(`'${name}'`);
  });
});

describe('the alarms of a loader', () => {
  it('are these', () => {
    expect(
      alarmsOf(template)
        .map(({ AlarmName }) => AlarmName)
        .sort(),
    ).toEqual([
      'Loaders-orders-behind',
      'Loaders-orders-breaker-open',
      'Loaders-orders-claim-lost',
      'Loaders-orders-dead-letters',
      'Loaders-orders-dead-letters-expire',
      'Loaders-orders-errors',
      'Loaders-orders-fuse-blown',
      'Loaders-orders-given-up',
      'Loaders-orders-given-up-2',
      'Loaders-orders-in-doubt',
      'Loaders-orders-no-progress',
      'Loaders-orders-redrive-failed',
      'Loaders-orders-report-failed',
      'Loaders-orders-retention',
      'Loaders-orders-small-loads',
      'Loaders-orders-throttles',
      'Loaders-orders-unverifiable',
    ]);
  });

  it('go off when records are later than the settings allow', () => {
    template.hasResourceProperties(ALARM, {
      AlarmName: 'Loaders-orders-behind',
      Threshold: 20 * 60_000,
      ComparisonOperator: 'GreaterThanThreshold',
    });
  });

  it('go off when the stream will forget records before the hours of the settings are over', () => {
    template.hasResourceProperties(ALARM, {
      AlarmName: 'Loaders-orders-retention',
      MetricName: 'IteratorAge',
      Threshold: (24 - 5) * 3_600_000,
    });
  });

  it('go off when records arrive and none is settled for a quarter of an hour', () => {
    template.hasResourceProperties(ALARM, {
      AlarmName: 'Loaders-orders-no-progress',
      EvaluationPeriods: 3,
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'IF(FILL(m0, 0) > 0 AND FILL(m1, 0) == 0, 1, 0)' }),
        Match.objectLike({ Id: 'm0', MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'IncomingRecords' }) }) }),
        Match.objectLike({
          Id: 'm1',
          MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'Behind' }), Stat: 'SampleCount' }),
        }),
      ]),
    });
  });

  it('watch every table, in more than one alarm where CloudWatch takes no more than ten metrics', () => {
    const routes = Array.from({ length: 11 }, (_, n) => ({ field: 'type', equals: n, table: `t${n}` }));
    const many = alarmsOf(templateOf(settingsWith(aLoader({ doris: { routes } }))));

    const blown = many.filter(({ AlarmName }) => AlarmName.startsWith('Loaders-orders-fuse-blown'));
    expect(blown.map(({ Metrics = [] }) => Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length)).toEqual([10, 2]);
    for (const { Metrics = [] } of many)
      expect(Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length).toBeLessThanOrEqual(10);
  });

  it('go off when a claim of any table stays in doubt for longer than the settings allow', () => {
    const loader = aLoader({ alarms: { inDoubtMinutes: 45 }, doris: { routes: [{ field: 'type', equals: 'refund', table: 'refunds' }] } });
    templateOf(settingsWith(loader)).hasResourceProperties(ALARM, {
      AlarmName: 'Loaders-orders-in-doubt',
      Threshold: 45 * 60_000,
      ComparisonOperator: 'GreaterThanThreshold',
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'MAX([FILL(m0, 0), FILL(m1, 0)])' }),
        Match.objectLike({
          Id: 'm0',
          MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'ClaimInDoubtAge' }), Stat: 'Maximum' }),
        }),
      ]),
    });
  });

  it('count small loads only when there are more than one a second', () => {
    template.hasResourceProperties(ALARM, {
      AlarmName: 'Loaders-orders-small-loads',
      Threshold: 100,
      ComparisonOperator: 'LessThanThreshold',
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'IF(FILL(m1, 0) > 300, (FILL(m0, 0)) / (FILL(m1, 0)), 100)' })]),
    });
  });

  it('of a queue tell of requests that its endpoint refuses', () => {
    const names = alarmsOf(iggy).map(({ AlarmName }) => AlarmName);
    expect(names).toEqual(expect.arrayContaining(['Loaders-quakes-behind', 'Loaders-quakes-refused', 'Loaders-quakes-refused-2']));
    expect(names).not.toContain('Loaders-quakes-given-up');
    iggy.hasResourceProperties(ALARM, { AlarmName: 'Loaders-quakes-refused', Namespace: 'AWS/ApiGateway', MetricName: '4XXError' });
  });

  it('of a queue go off when SQS will forget messages before the hours of the settings are over', () => {
    iggy.hasResourceProperties(ALARM, {
      AlarmName: 'Loaders-quakes-retention',
      Threshold: (14 * 24 - 6) * 3_600_000,
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'seconds * 1000' })]),
    });
  });

  it('watch the queue of batches that Lambda gave up, too, where there is no bucket for them', () => {
    const without = templateOf(settingsWith(aLoader(), { deadLetters: { bucket: false } }));
    const [expired] = Object.keys(without.findResources('AWS::SQS::Queue')).filter((id) => id.includes('Expired'));
    without.hasResourceProperties(ALARM, {
      AlarmName: 'Loaders-orders-dead-letters-expire-2',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [expired, 'QueueName'] } }],
      Threshold: 10 * 24 * 3600,
    });
  });

  it('are refused when they could never end', () => {
    expect(() => templateOf(settingsWith(aLoader({ alarms: { leastHoursLeft: 24 } })))).toThrow('the alarm would never end');
  });
});

describe('the dashboard', () => {
  it('shows only metrics that the function writes, under their names', () => {
    const written = read('lib/powertools-telemetry.ts');
    const own = [...shownMetrics(template), ...shownMetrics(iggy)].filter(({ namespace }) => namespace.startsWith('DorisLambdaLoader/'));
    expect(own.length).toBeGreaterThan(0);
    for (const { name, dimensions } of own) {
      expect.soft(written).toContain(`'${name}'`);
      expect.soft(Object.keys(dimensions)).toEqual(['service', 'table']);
    }
  });

  it('shows every alarm, and for each loader and table what is loaded', () => {
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    const body = JSON.stringify(dashboard?.['Properties']);

    for (const id of Object.keys(template.findResources(ALARM))) expect.soft(body).toContain(id);
    for (const part of ['## orders', 'RowsLoaded', 'shop.orders', 'IteratorAge', 'IncomingRecords']) expect.soft(body).toContain(part);
  });

  it.each([
    ['a stream', () => template, '24 - m0 / 3600000', 'IteratorAge'],
    ['a queue', () => iggy, '336 - m0 / 3600000', 'ApproximateAgeOfOldestMessage'],
  ])('shows the hours that are left until %s forgets its oldest record', (_, stackOf, expression, metric) => {
    const graph = graphsOf(stackOf()).find(({ title }) => title === 'Left until records are lost, hours');

    const [shown, ...hidden] = graph?.metrics ?? [];
    expect(shown).toEqual([expect.objectContaining({ expression })]);
    expect(hidden).toContainEqual(expect.arrayContaining([metric, expect.objectContaining({ visible: false, stat: 'Maximum' })]));
  });

  it('has a name of its own in each region, since all regions share their dashboards', () => {
    template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'Loaders-eu-central-1' });
    iggy.hasResourceProperties('AWS::CloudWatch::Dashboard', {
      DashboardName: { 'Fn::Join': ['', ['Loaders-', { Ref: 'AWS::Region' }]] },
    });
  });

  it('has no more than 100 alarms in a widget, as CloudWatch demands', () => {
    const loaders = Array.from({ length: 7 }, (_, n) => ({ ...aLoader({ doris: { table: `t${n}` } }), name: `l${n}` }));
    const many = templateOf(settingsWith({}, { loaders }));
    const [dashboard] = Object.values(many.findResources('AWS::CloudWatch::Dashboard'));
    const parts: unknown[] = dashboard?.['Properties'].DashboardBody['Fn::Join'][1];
    const body = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : '-')).join(''));

    const widgets: { type: string; properties: { alarms: string[] } }[] = body.widgets;
    const shown = widgets.filter(({ type }) => type === 'alarm').map(({ properties }) => properties.alarms.length);
    // 17 alarms of each loader.
    expect(shown).toEqual([100, 19]);
  });
});
