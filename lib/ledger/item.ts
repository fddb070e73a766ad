import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { isPosition, type Position } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import { label, moment, number, readItem, text } from './attributes.ts';
import type { Checkpoint, CheckpointKey, Claim, ClaimState, HandedOver, Refusal } from './checkpoint.ts';

/** A DynamoDB item or key. */
export type Item = Record<string, AttributeValue>;

/** Partition: one source shard under one loader. Sort key: the table, or the group. */
export function keyOf({ loader, source, target, group }: CheckpointKey): Item {
  return { pk: partitionKeyOf(loader, source), sk: { S: group?.sort ?? target } };
}

/** Iggy's names may hold any character: the length of the first tells where it ends. */
export function partitionKeyOf(loader: string, source: SourceShard): AttributeValue {
  const stream = source.kind === 'iggy' ? `${source.streamName.length}:${source.streamName}/${source.topicName}` : source.stream;
  return { S: `${loader}#${source.kind}#${stream}#${source.shard}` };
}

/** A claim as an attribute. */
export function claimAttribute(claim: Claim): AttributeValue {
  const M: Item = {
    state: { S: claim.state.kind },
    label: { S: claim.label },
    first: { S: claim.first },
    last: { S: claim.last },
    rows: { N: String(claim.rows) },
    routes: { S: claim.routes },
    ...(claim.columns === undefined ? {} : { columns: { S: claim.columns } }),
    origin: { S: claim.origin },
    deadline: { N: String(claim.deadline) },
    fence: { N: String(claim.fence) },
    claimedAt: { N: String(claim.claimedAt) },
    ...(claim.absentAt === undefined ? {} : { absentAt: { N: String(claim.absentAt) } }),
  };
  return { M: { ...M, ...detailsOf(claim.state) } };
}

/** What redrive took over, as an attribute. */
export function handedAttribute(handed: readonly HandedOver[]): AttributeValue {
  return {
    L: handed.map(({ after, through }) => ({ M: { ...(after === undefined ? {} : { after: { S: after } }), through: { S: through } } })),
  };
}

function detailsOf(state: ClaimState): Item {
  switch (state.kind) {
    case 'open':
    case 'unseen':
    case 'unlabelled':
    case 'loaded':
    case 'poison':
      return {};
    case 'refused':
      return { refusal: refusalAttribute(state.refusal) };
    case 'given-up':
    case 'contradicted':
      return { reason: { S: state.reason } };
    default:
      return state satisfies never;
  }
}

function refusalAttribute({ reason, errorUrl, attempts }: Refusal): AttributeValue {
  return {
    M: { reason: { S: reason }, attempts: { N: String(attempts) }, ...(errorUrl === undefined ? {} : { errorUrl: { S: errorUrl } }) },
  };
}

const storedRefusal = z.object({ M: z.object({ reason: text, attempts: number, errorUrl: text.optional() }) });

function checkpointShape(kind: SourceShard['kind']) {
  const position = text.refine((spelled): spelled is Position => isPosition(spelled, kind), `must be a position of ${kind}, zero-padded`);
  const claim = z.object({
    M: z.object({
      state: text.pipe(z.enum(['open', 'unseen', 'unlabelled', 'contradicted', 'loaded', 'refused', 'poison', 'given-up'])),
      refusal: storedRefusal.optional(),
      reason: text.optional(),
      label,
      first: position,
      last: position,
      rows: number,
      routes: text,
      columns: text.optional(),
      origin: text.pipe(z.enum(['cut', 'isolation'])),
      deadline: moment,
      fence: number,
      claimedAt: moment,
      absentAt: moment.optional(),
    }),
  });
  const handed = z
    .object({ L: z.array(z.object({ M: z.object({ after: position.optional(), through: position }) })) })
    .transform(({ L }) => L.map(({ M: { after, through } }): HandedOver => ({ ...(after === undefined ? {} : { after }), through })));
  return z.object({
    through: position.optional(),
    routes: text.optional(),
    witness: label.optional(),
    claim: claim.optional(),
    handed: handed.optional(),
  });
}

const CHECKPOINTS = { kinesis: checkpointShape('kinesis'), iggy: checkpointShape('iggy') } as const;

type StoredClaim = NonNullable<z.output<(typeof CHECKPOINTS)['kinesis']>['claim']>;

/** Reads the item of a checkpoint of such a source back. @throws {ContractViolation} naming the item and the attribute, when it is not one of ours. */
export function checkpointOf(item: Item | undefined, kind: SourceShard['kind']): Checkpoint {
  if (item === undefined) return {};
  const { through, routes, witness, claim, handed } = readItem(CHECKPOINTS[kind], item);
  return {
    ...(through === undefined ? {} : { through }),
    ...(routes === undefined ? {} : { routes }),
    ...(witness === undefined ? {} : { witness }),
    ...(claim === undefined ? {} : { claim: claimOf(claim) }),
    ...(handed === undefined ? {} : { handed }),
  };
}

function claimOf({ M: { state, refusal, reason, columns, absentAt, ...claim } }: StoredClaim): Claim {
  return {
    ...claim,
    ...(columns === undefined ? {} : { columns }),
    ...(absentAt === undefined ? {} : { absentAt }),
    state: stateOf(state, refusal, reason),
  };
}

function stateOf(kind: ClaimState['kind'], refusal: z.output<typeof storedRefusal> | undefined, said = 'unknown'): ClaimState {
  if (kind === 'given-up' || kind === 'contradicted') return { kind, reason: said };
  if (kind !== 'refused') return { kind };
  const { reason = 'unknown', attempts = 0, errorUrl } = refusal?.M ?? {};
  return { kind, refusal: { reason, attempts, ...(errorUrl === undefined ? {} : { errorUrl }) } };
}
