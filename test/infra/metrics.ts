import type { Template } from 'aws-cdk-lib/assertions';

/** What names a metric in CloudWatch. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The metrics in embedded metric format among the lines of a function. */
export function writtenMetrics(lines: readonly string[]): MetricIdentity[] {
  const emitted = lines.filter((line) => line.includes('"_aws"')).map((line) => JSON.parse(line));
  return emitted.flatMap((line) => {
    const [{ Namespace: namespace, Dimensions, Metrics }] = line._aws.CloudWatchMetrics;
    const dimensions = Object.fromEntries(Dimensions[0].map((dimension: string) => [dimension, line[dimension]]));
    return Metrics.map(({ Name: name }: { Name: string }) => ({ namespace, name, dimensions }));
  });
}

/** The metrics that the dashboard of a template shows. */
export function shownMetrics(template: Template): MetricIdentity[] {
  return (
    graphsOf(template)
      .flatMap(({ metrics }) => metrics)
      // An expression has no namespace, but an object.
      .filter((line): line is string[] => typeof line[0] === 'string')
      .map(([namespace = '', name = '', ...rest]) => ({
        namespace,
        name,
        dimensions: Object.fromEntries(
          rest.flatMap((part, n) => (n % 2 === 0 && typeof part === 'string' ? [[part, rest[n + 1] ?? '']] : [])),
        ),
      }))
  );
}

/** A graph of the dashboard; each of its lines is a list, as CloudWatch has it. */
interface Graph {
  readonly title: string;
  readonly metrics: readonly (readonly unknown[])[];
}

/** The graphs of the dashboard of a template. */
export function graphsOf(template: Template): Graph[] {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const parts: unknown[] = dashboard?.['Properties'].DashboardBody['Fn::Join'][1];
  const body = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'reference')).join(''));
  return body.widgets.map(({ properties: { title, metrics = [] } }: { properties: Partial<Graph> }) => ({ title, metrics }));
}
