import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../../lib/clock.ts';
import type { StoredLetter } from '../../lib/dead-letter/read.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import { dynamoRedrives } from '../../lib/redrive/dynamodb-redrives.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { redrivenText } from '../label/redriven.ts';

/** What each class means, and what to do about it. */
const ADVICE: Readonly<Record<StoredLetter['errorClass'], string>> = {
  decode: 'The payload is no JSON object. Mend the producer; "dead-letters redrive --edit" can mend the letter.',
  'data-quality': 'The table refused the row when it stood alone. Mend the column, or the letter by --edit, then redrive it.',
  oversize: 'The payload is larger than MAX_ROW_BYTES, or than a letter may be. Raise the limit, then redrive it.',
  unroutable: 'No rule of DORIS_ROUTES fits and there is no DORIS_TABLE. Add a rule, then redrive it.',
  contract: 'The message has none of the known shapes: the sender is not what the loader is made for.',
  unverifiable:
    'The row may be in the table already. Look for it; redrive it with --reload-unverifiable when it is not, discard the letter when it is.',
};

/** Where the ledger of a loader is. */
export interface LoaderLedger {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** The label prefix. */
  readonly loader: string;
}

/** Why a letter is there, what to do about it, and how far its record is. @throws {LedgerUnavailable} @throws {ContractViolation} */
export async function explained(ledger: LoaderLedger, letter: StoredLetter) {
  return { ...shown(letter), ...(await standing(ledger, letter)) };
}

function shown({ errorClass, reason, source, position, target, label, failedAt, partitionKey, arrivedAt }: StoredLetter) {
  return {
    errorClass,
    reason,
    stream: source.stream,
    shard: source.shard,
    position: spellPosition(position),
    target,
    label: label ?? '-',
    partitionKey: partitionKey ?? '-',
    arrivedAt: new Date(arrivedAt).toISOString(),
    failedAt,
    advice: ADVICE[errorClass],
  };
}

async function standing({ client, table, loader }: LoaderLedger, { source, target, position, iggy }: StoredLetter) {
  const redrives = dynamoRedrives(client, table, systemClock);
  const state = await redrives.letter({ loader, source, target, position, ...(iggy === undefined ? {} : { iggy }) });
  const load = state.kind === 'bound' ? await redrives.read({ loader, source, name: state.load }) : undefined;
  const redriven = redrivenText({ state, load });
  if (source.kind !== 'kinesis') return { redriven };
  const { through } = await dynamoLedger(client, table, systemClock).read({ loader, source, target });
  return { redriven, settledThrough: through === undefined ? '-' : spellPosition(through) };
}
