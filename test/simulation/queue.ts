import type { BatchResultErrorEntry, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Machine } from './machine.ts';
import { ALL_PATHS, reach } from './paths.ts';
import { numberOf } from './truth.ts';
import type { World } from './world.ts';

type Entry = NonNullable<SendMessageBatchCommand['input']['Entries']>[number];

interface Receipt {
  readonly Successful: readonly { readonly Id: string | undefined }[];
  readonly Failed: readonly BatchResultErrorEntry[];
}

/** The number of a record by its letter. */
export type NumberIn = (entry: Entry) => number;

const byPosition: NumberIn = (entry) => numberOf(attribute(entry, 'position'));

/** The dead-letter queue as one machine's SDK reaches it. */
export function queueFor(machine: Machine, world: World, numberIn = byPosition): SQSClient {
  const { actor } = machine;
  const { faults, truth } = world;
  const send = async ({ input }: SendMessageBatchCommand): Promise<Receipt> => {
    const entries = input.Entries ?? [];
    if (faults.strikes('queue-down', actor)) {
      await machine.request(() => undefined);
      throw new Error('connect ETIMEDOUT');
    }
    const partial = faults.strikes('queue-partial', actor);
    const receipt = await machine.request(() => {
      const taken = entries.filter(() => !partial || actor.draw() < 0.5);
      for (const entry of taken) {
        const errorClass = attribute(entry, 'errorClass');
        truth.letter(numberIn(entry), errorClass);
        const path = ALL_PATHS.find((name) => name === `letter-${errorClass}`);
        if (path !== undefined) reach(world.reached, path);
      }
      world.trace(actor.name, () => `queue takes ${taken.map(numberIn)} of ${entries.length} letters`);
      return receiptOf(entries, taken);
    });
    if (faults.strikes('queue-reply-lost', actor)) throw new Error('socket hang up');
    return receipt;
  };
  // The loader's adapter knows no more of the client than `send` of this one command.
  return { send } as unknown as SQSClient;
}

function attribute(entry: Entry, name: string): string {
  return entry.MessageAttributes?.[name]?.StringValue ?? '';
}

function receiptOf(entries: readonly Entry[], taken: readonly Entry[]): Receipt {
  const refused = entries.filter((entry) => !taken.includes(entry));
  return {
    Successful: taken.map(({ Id }) => ({ Id })),
    Failed: refused.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
  };
}
