/** A loader of the settings file; only what a test is about is written down. */
export function aLoader(changes: Readonly<Record<string, object | string>> = {}) {
  const { source, doris, ...others } = changes;
  return {
    name: 'orders',
    source: { kind: 'kinesis', streamArn: 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders', ...(source as object) },
    doris: { feUrls: 'https://doris.example.com:8030', secretId: 'doris/loader', database: 'shop', table: 'orders', ...(doris as object) },
    ...others,
  };
}

/** A loader for what http_sink sends. */
export function anIggyLoader(changes: Readonly<Record<string, object>> = {}) {
  const { source, ...others } = changes;
  const { doris } = aLoader();
  return { name: 'quakes', source: { kind: 'iggy', ...source }, doris, ...others };
}

/** A settings file. */
export function settingsWith(loader: object = aLoader(), changes: object = {}) {
  return { stack: 'Loaders', loaders: [loader], ...changes };
}

/** A network in which Doris is reached over private addresses. */
export const VPC = {
  kind: 'vpc',
  vpcId: 'vpc-00000001',
  subnetIds: ['subnet-00000001', 'subnet-00000002'],
  doris: [{ cidr: '10.20.0.0/16', ports: [8030, 8040] }],
  aws: { kind: 'nat' },
};

/** How {@link VPC} leads to AWS where there is no NAT. */
export const ENDPOINTS = {
  kind: 'endpoints',
  routeTableIds: ['rtb-00000001'],
  dynamoDbPrefixListId: 'pl-00000001',
  s3PrefixListId: 'pl-00000002',
  sharedWith: [],
};
