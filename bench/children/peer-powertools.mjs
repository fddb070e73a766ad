/** Plain JavaScript, as the documentation of AWS Powertools shows it to its users. */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { putPlainly } from './plain-put.ts';

const options = { context: { getRemainingTimeInMillis: () => 60_000 } };

function parsed(record) {
  return JSON.parse(Buffer.from(record.kinesis.data, 'base64').toString('utf8'));
}

function check({ batchItemFailures }) {
  if (batchItemFailures.length > 0) throw new Error('the event was not settled');
}

/** The batch processor as it is meant: a PUT for each record, sixteen at once. */
export function powertoolsPerRecord() {
  const processor = new BatchProcessor(EventType.KinesisDataStreams);
  const put = (record) => putPlainly(Buffer.from(`${JSON.stringify(parsed(record))}\n`));
  return async (event) => check(await processPartialResponse(event, put, processor, options));
}

/** The batch processor reads and checks the records, and one PUT takes all of them. */
export function powertoolsPerBatch() {
  const processor = new BatchProcessor(EventType.KinesisDataStreams);
  return async (event) => {
    const lines = [];
    check(await processPartialResponse(event, async (record) => void lines.push(JSON.stringify(parsed(record))), processor, options));
    await putPlainly(Buffer.from(`${lines.join('\n')}\n`));
  };
}
