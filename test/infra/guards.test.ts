import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../infra/settings.ts';
import { accountWarnings } from '../../infra/sharing-guards.ts';
import { aLoader, ENDPOINTS, settingsWith, VPC } from './settings-builder.ts';

const checking = (loader: object, changes: object = {}) => expect(() => checkSettings(settingsWith(loader, changes)));

describe('settings that would lose records', () => {
  it('are refused when the stream may hold records that Lambda cannot carry', () => {
    checking(aLoader({ source: { maxRecordKiB: 4097 } })).toThrow('above 4096 a record does not fit into an event of Lambda');
    checking(aLoader({ source: { maxRecordKiB: 4096 } })).not.toThrow();
  });

  it('are refused when the stream forgets sooner than an outage may last', () => {
    checking(aLoader({ source: { retentionHours: 24, outageBudgetHours: 24 } })).toThrow(
      'the source would forget records before Doris is back',
    );
    checking(aLoader({ source: { retentionHours: 24, outageBudgetHours: 23 } })).not.toThrow();
  });

  it('are refused when KPL aggregates might come over enhanced fan-out', () => {
    const lost = 'over enhanced fan-out Lambda takes KPL aggregates apart and drops records';
    checking(aLoader({ source: { enhancedFanOut: true } })).toThrow(lost);
    checking(aLoader({ source: { enhancedFanOut: true, kplProducers: true } })).toThrow(lost);
    checking(aLoader({ source: { enhancedFanOut: true, kplProducers: false } })).not.toThrow();
  });

  it('are refused when two loaders would share their progress', () => {
    const loaders = [aLoader(), { ...aLoader(), name: 'again', limits: { labelPrefix: 'orders' } }];
    checking(aLoader(), { loaders }).toThrow('two have the limits.labelPrefix orders');
    checking(aLoader(), { loaders: [aLoader(), aLoader()] }).toThrow('two are named orders');
    checking(aLoader(), { loaders: ['a-1', 'a1'].map((name) => ({ ...aLoader(), name })) }).toThrow(
      'a-1 and a1 are one name to CloudFormation',
    );
  });
});

describe('settings that would do nothing', () => {
  it('are refused when a redrive on a schedule is limited and there is no schedule', () => {
    checking(aLoader({ redrive: { lettersPerSecond: 50 } })).toThrow('redrive.lettersPerSecond: limits a redrive on a schedule');
    checking(aLoader({ redrive: { lettersPerSecond: 50, everyHours: 1 } })).not.toThrow();
  });
});

describe('settings that would store records twice', () => {
  it('are refused when two loaders carry one stream into one table of one cluster', () => {
    const again = (doris: object) => ({ loaders: [aLoader(), { ...aLoader({ doris }), name: 'again' }] });
    checking({}, again({})).toThrow('orders and again load the same stream into shop.orders; every record would be stored twice');
    checking({}, again({ table: 'orders_green' })).not.toThrow();
    checking({}, again({ feUrls: 'https://other.example.com:8030' })).not.toThrow();
  });
});

describe('settings that would fail in AWS only', () => {
  it('are refused when what they name lies in several regions', () => {
    const secretId = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:doris-a1b2c3';
    checking(aLoader({ doris: { secretId } })).toThrow(
      'loader orders: doris.secretId: is in us-east-1, but loader orders: source.streamArn is in eu-central-1',
    );
    checking(aLoader(), { alarmTopicArn: 'arn:aws:sns:us-east-1:123456789012:on-call' }).toThrow('alarmTopicArn: is in us-east-1');
  });

  it('are refused when the ARN of the secret is not whole, which permits to read nothing', () => {
    const secretId = (name: string) => ({ doris: { secretId: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}` } });
    checking(aLoader(secretId('doris/loader'))).toThrow('its whole ARN with the six characters that Secrets Manager adds');
    checking(aLoader(secretId('doris/loader-a1b2c3'))).not.toThrow();
  });

  it('are refused when a key is named by an alias', () => {
    checking(aLoader({ doris: { secretKeyArn: 'arn:aws:kms:eu-central-1:123456789012:alias/doris' } })).toThrow('not of an alias');
  });
});

describe('a network', () => {
  const within = (changes: object) =>
    checking(aLoader({ doris: { feUrls: 'https://fe.doris.internal:8030' } }), { network: { ...VPC, ...changes } });
  /** So many hosts, each with one port. */
  const hosts = (count: number, spell = (n: number) => `10.20.0.${n}/32`) =>
    Array.from({ length: count }, (_, n) => ({ cidr: spell(n), ports: [8030] }));
  it('is refused when its rules are more than AWS takes in a security group', () => {
    // One rule leads to HTTPS.
    within({ doris: hosts(60) }).toThrow(
      'network.doris: needs 61 rules of IPv4, one for each network and port and 1 to reach AWS; a security group takes 60: name networks',
    );
    within({ doris: hosts(59) }).not.toThrow();
    within({ doris: [{ cidr: '10.20.0.0/16', ports: Array.from({ length: 60 }, (_, n) => 8000 + n) }] }).toThrow('needs 61 rules of IPv4');
    // Two gateways and one security group.
    within({ doris: hosts(58), aws: ENDPOINTS }).toThrow('needs 61 rules of IPv4, one for each network and port and 3 to reach AWS');
  });

  it('is allowed as many rules as the account takes', () => {
    within({ doris: hosts(99), rulesPerSecurityGroup: 100 }).not.toThrow();
    within({ doris: hosts(100), rulesPerSecurityGroup: 100 }).toThrow('a security group takes 100');
  });

  it('has as many rules of IPv6 besides, and counts what is said twice once', () => {
    within({ doris: [...hosts(59), ...hosts(60, (n) => `fd00::${n}/128`)] }).not.toThrow();
    within({ doris: [...hosts(1), ...hosts(61, (n) => `fd00::${n}/128`)] }).toThrow(
      'needs 61 rules of IPv6, one for each network and port and 0 to reach AWS',
    );
    within({ doris: [...hosts(59), ...hosts(59)] }).not.toThrow();
  });

  it('is refused when its endpoints are shared with more networks than AWS takes', () => {
    const sharedWith = (count: number) => ({ aws: { ...ENDPOINTS, sharedWith: hosts(count).map(({ cidr }) => cidr) } });
    within(sharedWith(60)).toThrow('network.aws.sharedWith: needs 61 rules of IPv4, one for each network and one for the functions');
    within(sharedWith(59)).not.toThrow();
  });

  it('is refused when it names a subnet or a route table twice, or more subnets than Lambda takes', () => {
    const subnetIds = (count: number) => ({ subnetIds: Array.from({ length: count }, (_, n) => `subnet-000000${n + 10}`) });
    within({ subnetIds: ['subnet-00000001', 'subnet-00000001'] }).toThrow('network.subnetIds: must not name one twice');
    within({ aws: { ...ENDPOINTS, routeTableIds: ['rtb-00000001', 'rtb-00000001'] } }).toThrow(
      'network.aws.routeTableIds: must not name one twice',
    );
    within(subnetIds(17)).toThrow('network.subnetIds: must be 16 at most');
    within(subnetIds(16)).not.toThrow();
  });
});

describe('settings for another account than that of the credentials', () => {
  it('are told, since a stream or secret of another account has to let this one in', () => {
    const secretId = 'arn:aws:secretsmanager:eu-central-1:210987654321:secret:doris-a1b2c3';
    const settings = checkSettings(settingsWith(aLoader({ doris: { secretId } })));

    expect(accountWarnings(settings, '123456789012')).toEqual([
      'loader orders: doris.secretId: is of account 210987654321, but the credentials are of 123456789012: it must let this account in',
    ]);
    expect(accountWarnings(settings, '111111111111')).toHaveLength(2);
    expect(accountWarnings(settings, undefined)).toEqual([]);
  });
});

describe('settings that would trust labels longer than Doris keeps them', () => {
  it('are refused when the loaders alone put more loads into a database than it is said to take', () => {
    // 4 shards, a load a second each.
    const loader = (name: string) => ({
      ...aLoader({ doris: { table: name }, traffic: { recordsPerSecond: 400, recordBytes: 100, shards: 4 }, batch: { windowSeconds: 1 } }),
      name,
      limits: { databaseTransactionsPerSecond: 7 },
    });
    checking(loader('one')).not.toThrow();
    checking({}, { loaders: [loader('one'), loader('two')] }).toThrow(
      'is below the 8 loads a second that the loaders of this file alone put into shop',
    );
  });
});

describe('settings that would never let a batch through', () => {
  it('are refused when a load may outlast its invocation', () => {
    const function_ = { timeoutSeconds: 129 };
    checking(aLoader({ function: function_ })).toThrow(
      'function.timeoutSeconds: 129 leaves a load of doris.loadTimeoutSeconds (120) no 10 s',
    );
    checking(aLoader({ function: function_, doris: { loadTimeoutSeconds: 119 } })).not.toThrow();
  });

  it('are refused when the memory cannot hold the largest batch', () => {
    checking(aLoader({ function: { memoryMb: 447 } })).toThrow('function.memoryMb: 447 cannot hold a batch');
    checking(aLoader({ doris: { compression: 'gzip' }, function: { memoryMb: 575 } })).toThrow(
      /575 cannot hold .* and a packed load of it; at least 576/,
    );
    checking(aLoader({ function: { memoryMb: 448 } })).not.toThrow();
  });

  it('are refused when the variables of a function are more than Lambda takes', () => {
    const routes = Array.from({ length: 80 }, (_, n) => ({ field: 'type', equals: `event-${n}`, table: `events_${n}` }));
    checking(aLoader({ doris: { routes } })).toThrow(/environment: about \d+ bytes; Lambda takes 4096/);
  });
});

describe('frontends', () => {
  it('are refused over the internet in clear, unless that is said to be known', () => {
    const loader = aLoader({ doris: { feUrls: 'http://doris.example.com:8030' } });
    checking(loader).toThrow('would send the password over the internet in clear');
    checking(loader, { network: { kind: 'internet', dangerouslyAllowClearText: true } }).not.toThrow();
  });

  it('are refused at private addresses when the functions are in no VPC', () => {
    for (const host of ['10.0.0.5', '172.31.0.1', '192.168.1.1', '100.64.0.1', '[fd00::1]'])
      checking(aLoader({ doris: { feUrls: `https://${host}:8030` } })).toThrow('functions outside a VPC cannot reach it');
    checking(aLoader({ doris: { feUrls: 'https://172.32.0.1:8030' } })).not.toThrow();
  });

  it('are refused at addresses that mean the function itself', () => {
    for (const host of ['localhost', '127.0.0.1', '0.0.0.0', '[::1]', '169.254.1.1'])
      checking(aLoader({ doris: { feUrls: `https://${host}:8030` } })).toThrow("is the function's own machine");
  });

  it('are refused in a VPC whose rules do not let the functions connect to them', () => {
    const at = (feUrls: string) => checking(aLoader({ doris: { feUrls } }), { network: VPC });
    at('http://10.21.0.5:8030').toThrow('network.doris: does not let the functions connect to http://10.21.0.5:8030, port 8030');
    at('http://10.20.0.5:9030').toThrow('port 9030');
    at('https://fe.doris.internal').toThrow('port 443');
    at('http://10.20.0.5:8030,http://fe.doris.internal:8030').not.toThrow();
  });
});
