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

/** What SQS refuses of a send and the emulator takes: too many attributes, and empty or untyped ones. */
export const refusalOf = (target: string, body: unknown): Refusal | undefined => {
  if (target === 'AmazonSQS.SendMessage') return attributesRefusal((body as { MessageAttributes?: MessageAttributes }).MessageAttributes);
  if (target !== 'AmazonSQS.SendMessageBatch') return undefined;
  const { Entries: entries = [] } = body as { Entries?: readonly { MessageAttributes?: MessageAttributes }[] };
  return entries.map((entry) => attributesRefusal(entry.MessageAttributes)).find((refusal) => refusal !== undefined);
};

const attributesRefusal = (attributes: MessageAttributes = {}): Refusal | undefined => {
  const entries = Object.entries(attributes);
  if (entries.length > mostAttributes) {
    return invalid(`Number of message attributes [${entries.length}] exceeds the allowed maximum [${mostAttributes}].`);
  }
  return entries.map(([name, attribute]) => attributeRefusal(name, attribute)).find((refusal) => refusal !== undefined);
};

const attributeName = /^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/;

const attributeRefusal = (name: string, attribute: MessageAttribute): Refusal | undefined => {
  if (!attributeName.test(name) || /^(aws|amazon)\./i.test(name)) return invalid(`The message attribute name '${name}' is invalid.`);
  const { DataType: type = '', StringValue: text, BinaryValue: bytes } = attribute;
  if (!/^(String|Number|Binary)(\..+)?$/.test(type)) {
    return invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const value = type.startsWith('Binary') ? bytes : text;
  if (value) return undefined;
  return invalid(`Message attribute '${name}' must contain a non-empty value of type '${type}'.`);
};

const invalid = (message: string): Refusal => ({ code: 'InvalidParameterValue', message });
