import type { Watch } from '../doris/cluster.ts';
import type { World } from '../world.ts';
import type { Queue, QueuedMessage } from './queue.ts';

/** Also sees that rows of a FIFO group are stored in its order: not before every record of the messages before theirs is settled, or stored with them. */
export function inOrderToo(watch: Watch, { truth }: World, queue: Queue): Watch {
  return {
    ...watch,
    onCommit: (transaction) => {
      watch.onCommit(transaction);
      const together = new Set(transaction.rows);
      for (const n of transaction.rows) {
        const missing = before(queue.messages, n).find((earlier) => !together.has(earlier) && !truth.isSettled(earlier));
        if (missing !== undefined) truth.breaks(`record ${n} is stored before record ${missing}, which came before it in its group`);
      }
    },
  };
}

/** Records of earlier messages of the group that brought a record first. */
function before(messages: readonly QueuedMessage[], n: number): readonly number[] {
  const at = messages.findIndex(({ records }) => records.includes(n));
  const { group } = messages[at] ?? {};
  return group === undefined ? [] : messages.slice(0, at).flatMap((message) => (message.group === group ? message.records : []));
}
