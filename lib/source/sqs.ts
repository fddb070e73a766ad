import * as z from 'zod';
import { ContractViolation } from '../errors.ts';
import { fromBase64 } from './base64.ts';
import { endOfValue, jsonText, kindOf, NOT_JSON, skipBlanks } from './json.ts';
import { membersOf, stringAt } from './json-members.ts';

const eventSchema = z.object({
  Records: z.array(
    z.object({
      eventSource: z.literal('aws:sqs'),
      eventSourceARN: z.string().regex(/^arn:[^:]+:sqs:[^:]*:[^:]*:[^:]+$/, 'must be the ARN of an SQS queue'),
      messageId: z.string().min(1),
      receiptHandle: z.string().min(1),
      body: z.string(),
      attributes: z.object({
        ApproximateReceiveCount: z.string().regex(/^\d{1,9}$/, 'must be a whole number'),
        MessageGroupId: z.string().optional(),
        SentTimestamp: z.string().regex(/^\d{1,15}$/, 'must be epoch milliseconds'),
      }),
      messageAttributes: z.object({ content_encoding: z.object({ stringValue: z.string().nullish() }).nullish() }).nullish(),
    }),
  ),
});

/** One record of Lambda's SQS event. */
export type SqsEventRecord = z.infer<typeof eventSchema>['Records'][number];

/** Reads Lambda's SQS event. @throws {ContractViolation} when it is not shaped as Lambda shapes it. */
export function sqsRecordsOf(event: unknown): readonly SqsEventRecord[] {
  const parsed = eventSchema.safeParse(event);
  if (parsed.success) return parsed.data.Records;
  const issue = parsed.error.issues[0];
  throw new ContractViolation(`not an SQS event: ${issue?.path.join('.') || 'event'}: ${issue?.message}`);
}

/** What a message carries, once what carried it is taken off. */
export type Content = { readonly kind: 'content'; readonly bytes: Buffer } | { readonly kind: 'contract'; readonly reason: string };

/**
 * Takes off an SNS notification, then base64 where the configuration or the message attribute `content_encoding` says so: each once,
 * whatever is inside.
 * @param marks - members besides `Message` by which a notification is known from what else a body may be.
 */
export function contentOf({ body, messageAttributes }: SqsEventRecord, encoding: 'text' | 'base64', marks: readonly string[]): Content {
  const carried = notified(body, marks) ?? body;
  const encoded = encoding === 'base64' || messageAttributes?.content_encoding?.stringValue === 'base64';
  if (!encoded) return { kind: 'content', bytes: Buffer.from(carried) };
  const bytes = fromBase64(carried.trim());
  return bytes === undefined ? { kind: 'contract', reason: 'the body is to be base64 and is not' } : { kind: 'content', bytes };
}

/** The message inside an SNS notification (`Type`, the marks and `Message`, all texts); `undefined` for any other body. */
function notified(body: string, marks: readonly string[]): string | undefined {
  if (!body.includes('"Notification"')) return undefined;
  const text = Buffer.from(body);
  const start = skipBlanks(text, 0);
  if (kindOf(text[start]) !== 'object') return undefined;
  const end = endOfValue(jsonText(text), start);
  if (end === NOT_JSON || skipBlanks(text, end) < text.length) return undefined;
  const texts = new Map<string, string>();
  for (const member of membersOf(text, start)) if (kindOf(text[member.start]) === 'string') texts.set(member.key, stringAt(text, member));
  return texts.get('Type') === 'Notification' && marks.every((mark) => texts.has(mark)) ? texts.get('Message') : undefined;
}
