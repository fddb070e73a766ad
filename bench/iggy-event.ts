import { sqsEvent } from '../test/support/sqs-event.ts';

/** Records of earlier groups have lower offsets: there is room for a million. */
export const FIRST_OFFSET = 1_000_000_000;

/** One SQS message with what http_sink sends of one partition, its offsets from `first` on. */
export function iggyEvent(lines: readonly string[], first: number): { readonly Records: readonly object[] } {
  const micros = BigInt(Date.now()) * 1000n;
  const messages = lines.map((line, n) => {
    const offset = first + n;
    const id = offset.toString(16).padStart(32, '0');
    const metadata = `{"iggy_id":"${id}","iggy_offset":${offset},"iggy_partition_id":1,"iggy_stream":"bench","iggy_timestamp":${micros + BigInt(n)},"iggy_topic":"events"}`;
    return `{"metadata":${metadata},"payload":${line}}`;
  });
  return sqsEvent([{ messageId: `m-${first}`, body: `[${messages.join(',')}]`, sentAt: Date.now() }]);
}
