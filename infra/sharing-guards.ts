import { nameInTemplate } from './name-in-template.ts';
import { tablesOf } from './plan.ts';
import type { Loader, Settings } from './settings.ts';

/** What is wrong between the loaders of a file, though each may be right by itself. */
export function sharingFaults(settings: Settings): string[] {
  const { loaders } = settings;
  const pairs = loaders.flatMap((one, index) => loaders.slice(index + 1).map((other) => [one, other] as const));
  return [...pairs.flatMap(([one, other]) => pairFaults(one, other)), ...regionFaults(settings)];
}

function pairFaults(one: Loader, other: Loader): string[] {
  if (one.name === other.name) return [`loaders: two are named ${one.name}`];
  const faults: string[] = [];
  // `a-1` and `a1`.
  if (nameInTemplate(one, '') === nameInTemplate(other, ''))
    faults.push(`loaders: ${one.name} and ${other.name} are one name to CloudFormation, which takes no hyphens`);
  const { labelPrefix } = one.environment.config.load;
  // They share the ledger: with one prefix they would skip records.
  if (labelPrefix === other.environment.config.load.labelPrefix)
    faults.push(`loaders: two have the limits.labelPrefix ${labelPrefix}; they would take each other's progress for their own`);
  return [...faults, ...doubled(one, other)];
}

/** Each loader has labels of its own: Doris would take the same record from both. */
function doubled(one: Loader, other: Loader): string[] {
  const [first, second] = [one.source, other.source];
  if (first.kind !== 'kinesis' || second.kind !== 'kinesis' || first.streamArn !== second.streamArn) return [];
  const clusters = one.environment.config.doris.frontends.map(({ host }) => host);
  if (!other.environment.config.doris.frontends.some(({ host }) => clusters.includes(host))) return [];
  const tables = tablesOf(one).map(nameOf);
  return tablesOf(other)
    .map(nameOf)
    .filter((table) => tables.includes(table))
    .map((table) => `loaders: ${one.name} and ${other.name} load the same stream into ${table}; every record would be stored twice`);
}

function nameOf({ database, table }: ReturnType<typeof tablesOf>[number]): string {
  return `${database}.${table}`;
}

/** The region of everything that settings name by an ARN, and so of their stack; `undefined` where they name nothing so. */
export function regionOf(settings: Settings): string | undefined {
  return placesIn(settings)[0]?.region;
}

/** What settings name by an ARN of another account than that of the credentials: a slip, unless that account lets this one in. */
export function accountWarnings(settings: Settings, credentials: string | undefined): string[] {
  return placesIn(settings)
    .filter(({ account }) => credentials !== undefined && account !== credentials)
    .map(
      ({ place, account }) => `${place}: is of account ${account}, but the credentials are of ${credentials}: it must let this account in`,
    );
}

function placesIn({ loaders, alarmTopicArn }: Settings): { readonly place: string; readonly region: string; readonly account: string }[] {
  return [...loaders.flatMap(arnsOf), ['alarmTopicArn', alarmTopicArn] as const].flatMap(([place, arn]) => {
    const [, , , region = '', account = ''] = arn?.split(':') ?? [];
    return arn?.startsWith('arn:') ? [{ place, region, account }] : [];
  });
}

/** Functions, topic, keys and secrets of another region are out of reach of a stack and its functions. */
function regionFaults(settings: Settings): string[] {
  const named = placesIn(settings);
  const [first] = named;
  return named
    .filter(({ region }) => region !== first?.region)
    .map(
      ({ place, region }) =>
        `${place}: is in ${region}, but ${first?.place} is in ${first?.region}; a stack and all that it uses are in one region`,
    );
}

function arnsOf({ name, source, doris, environment }: Loader): (readonly [place: string, arn: string | undefined])[] {
  const stream = source.kind === 'kinesis' ? source : undefined;
  return [
    [`loader ${name}: source.streamArn`, stream?.streamArn],
    [`loader ${name}: source.encryptionKeyArn`, stream?.encryptionKeyArn],
    [`loader ${name}: doris.secretId`, environment.variables.DORIS_SECRET_ID],
    [`loader ${name}: doris.secretKeyArn`, doris.secretKeyArn],
  ];
}
