const prefix = 'AWS.SimpleQueueService.';

/** The errors whose code has the prefix in the query protocol, by the `awsQueryError` traits of the SQS model. */
const prefixed: ReadonlySet<string> = new Set([
  'BatchEntryIdsNotDistinct',
  'BatchRequestTooLong',
  'EmptyBatchRequest',
  'InvalidBatchEntryId',
  'MessageNotInflight',
  'NonExistentQueue',
  'PurgeQueueInProgress',
  'QueueDeletedRecently',
  'TooManyEntriesInBatchRequest',
  'UnsupportedOperation',
]);

/**
 * The header that names an error for SDKs, as SQS spells it: `code;fault`. fauxqs puts the prefix before every code, so that an
 * InvalidParameterValue comes out of the SDK under a name that AWS never uses.
 */
export function queryErrorHeader(header: string): string {
  const [code = '', fault = 'Sender'] = header.split(';');
  const bare = code.startsWith(prefix) ? code.slice(prefix.length) : code;
  if (bare === 'QueueNameExists') return `QueueAlreadyExists;${fault}`;
  return prefixed.has(bare) ? `${prefix}${bare};${fault}` : `${bare};${fault}`;
}
