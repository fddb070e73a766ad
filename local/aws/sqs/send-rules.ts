/** An error as SQS spells it. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

interface MessageAttribute {
  readonly DataType?: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** SQS quotas for messages: attributes a message may carry. */
const mostAttributes = 10;

/** What SQS refuses of a single send and the emulator takes: too many attributes, and empty, untyped or misnamed ones. */
export function refusalOf(target: string, body: unknown): Refusal | undefined {
  return target === 'AmazonSQS.SendMessage' ? attributesRefusal((body as Message).MessageAttributes) : undefined;
}

interface Message {
  readonly MessageAttributes?: MessageAttributes;
}

interface Batch {
  readonly Entries: readonly (Message & { readonly Id: string })[];
}

/** How SendMessageBatch tells of an entry that it did not take. */
export interface RefusedEntry {
  readonly Id: string;
  readonly SenderFault: true;
  readonly Code: string;
  readonly Message: string;
}

/** Takes the entries that SQS refuses by themselves out of a batch. */
export function splitBatch(target: string, body: unknown): { readonly accepted: Batch; readonly refused: readonly RefusedEntry[] } {
  const batch = body as Batch;
  if (target !== 'AmazonSQS.SendMessageBatch' || !Array.isArray(batch.Entries)) return { accepted: batch, refused: [] };
  const refused = batch.Entries.flatMap(({ Id, MessageAttributes }): RefusedEntry[] => {
    const refusal = attributesRefusal(MessageAttributes);
    return refusal === undefined ? [] : [{ Id, SenderFault: true, Code: refusal.code, Message: refusal.message }];
  });
  const ids = new Set(refused.map(({ Id }) => Id));
  return { accepted: { ...batch, Entries: batch.Entries.filter(({ Id }) => !ids.has(Id)) }, refused };
}

/** The answer of SendMessageBatch, as opposed to an error. */
export function isBatchResult(result: unknown): result is { readonly Failed: readonly RefusedEntry[] } {
  return typeof result === 'object' && result !== null && 'Failed' in result && Array.isArray(result.Failed);
}

function attributesRefusal(attributes: MessageAttributes = {}): Refusal | undefined {
  const entries = Object.entries(attributes);
  if (entries.length > mostAttributes) {
    return invalid(`Number of message attributes [${entries.length}] exceeds the allowed maximum [${mostAttributes}].`);
  }
  return entries.map(([name, attribute]) => attributeRefusal(name, attribute)).find((refusal) => refusal !== undefined);
}

const attributeName = /^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/;

function attributeRefusal(name: string, attribute: MessageAttribute): Refusal | undefined {
  if (!attributeName.test(name) || /^(aws|amazon)\./i.test(name)) return invalid(`The message attribute name '${name}' is invalid.`);
  const { DataType: type = '', StringValue: text, BinaryValue: bytes } = attribute;
  if (!/^(String|Number|Binary)(\..+)?$/.test(type)) {
    return invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const value = type.startsWith('Binary') ? bytes : text;
  if (!value) return invalid(`Message attribute '${name}' must contain a non-empty value of type '${type}'.`);
  if (!type.startsWith('Number') || Number.isFinite(Number(value))) return undefined;
  return invalid(`Can't cast the value of message attribute '${name}' to a number.`);
}

function invalid(message: string): Refusal {
  return { code: 'InvalidParameterValue', message };
}
