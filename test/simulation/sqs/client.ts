import { ChangeMessageVisibilityBatchCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Machine } from '../machine.ts';
import type { NumberIn } from '../queue.ts';
import type { World } from '../world.ts';
import type { Queue } from './queue.ts';

/** Rows, broken ones and bodies without a shape carry their number. */
export const numberInBody: NumberIn = ({ MessageBody = '' }) => Number(/"n":(\d+)/.exec(MessageBody)?.[1]);

/** The queue that messages come from, as one machine's SDK reaches it. */
export function sourceQueueFor(machine: Machine, world: World, queue: Queue): SQSClient {
  const { actor } = machine;
  const { faults } = world;
  const send = async (command: unknown): Promise<unknown> => {
    if (faults.strikes('visibility-down', actor)) {
      await machine.request(() => undefined);
      throw new Error('connect ETIMEDOUT');
    }
    if (command instanceof GetQueueUrlCommand) return machine.request(() => ({ QueueUrl: 'https://queue' }));
    if (!(command instanceof ChangeMessageVisibilityBatchCommand)) throw new TypeError('not a command of the loader');
    const refusesSome = faults.strikes('visibility-refused', actor);
    return machine.request(() => change(command, queue, () => refusesSome && actor.draw() < 0.5));
  };
  // The loader's adapter knows no more of the client than `send` of these two commands.
  return { send } as unknown as SQSClient;
}

function change({ input: { Entries = [] } }: ChangeMessageVisibilityBatchCommand, queue: Queue, refuses: () => boolean) {
  const isHidden = ({ ReceiptHandle = '', VisibilityTimeout = 0 }: (typeof Entries)[number]): boolean =>
    !refuses() && queue.hide(ReceiptHandle, VisibilityTimeout * 1000);
  const refused = Entries.filter((entry) => !isHidden(entry));
  return {
    Successful: Entries.filter((entry) => !refused.includes(entry)).map(({ Id }) => ({ Id })),
    Failed: refused.map(({ Id }) => ({ Id, Code: 'MessageNotInflight', SenderFault: true })),
  };
}
