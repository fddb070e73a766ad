import { parseBackendAuthorization } from './auth.ts';
import type { Behaviour } from './behaviour.ts';
import { bodyFormatOf } from './format.ts';
import { isChunked, isTrue, type LoadRequest, leadingInteger } from './load-request.ts';
import { type Refusal, refuse } from './refusal.ts';

/** One thing that a node checks before it reads a byte of the body. */
export type Check = (request: LoadRequest, behaviour: Behaviour) => Refusal | undefined;

/** Steps 4 to 8 of reference 2.1, in Doris's order. */
export const headerChecks: readonly Check[] = [authorization, format, length, framing, timeout];

/** The first refusal, or undefined. */
export function firstRefusal(checks: readonly Check[], request: LoadRequest, behaviour: Behaviour): Refusal | undefined {
  for (const check of checks) {
    const refusal = check(request, behaviour);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Refuses what std::stoi refuses, in the words of Doris's helper around it. */
export function integerRefusal(name: string, value: string | undefined): Refusal | undefined {
  if (value === undefined) return undefined;
  const number = leadingInteger(value);
  if (number === undefined) return refuse('INVALID_ARGUMENT', `${name} must be an integer, stoi`);
  return Math.abs(number) > 2_147_483_647 ? refuse('INVALID_ARGUMENT', `${name} out of range, stoi`) : undefined;
}

// Only the form is checked here; user and password go to the FE when the transaction begins.
function authorization({ call }: LoadRequest): Refusal | undefined {
  const parsed = parseBackendAuthorization(call.request.headers.authorization);
  return parsed === undefined ? refuse('NOT_AUTHORIZED', 'no valid Basic authorization') : undefined;
}

function format({ options }: LoadRequest, behaviour: Behaviour): Refusal | undefined {
  const read = bodyFormatOf(options, behaviour);
  if (behaviour.packedJson === 'refused' && read?.format === 'json' && (options['compress_type'] ?? '') !== '')
    return refuse('INTERNAL_ERROR', 'compress data of JSON format is not supported.');
  if (read !== undefined) return undefined;
  return refuse('DATA_FILE_TYPE_ERROR', `unknown data format, format=${options['format'] ?? ''}`);
}

function length({ options }: LoadRequest, behaviour: Behaviour): Refusal | undefined {
  // Node's parser lets nothing but digits through, so that Doris's complaints about others cannot be copied.
  const bytes = Number(options['content-length'] ?? 0);
  // Only the header counts: the default of line mode does not lift the limit (reference 2.4).
  const wholeJson = bodyFormatOf(options, behaviour)?.format === 'json' && !isTrue(options['read_json_by_line']);
  if (wholeJson && bytes > behaviour.jsonMaxBytes)
    return tooLarge('json body size', bytes, 'streaming_load_json_max_mb', behaviour.jsonMaxBytes);
  return bytes > behaviour.maxBytes ? tooLarge('body size', bytes, 'streaming_load_max_mb', behaviour.maxBytes) : undefined;
}

function tooLarge(what: string, bytes: number, setting: string, limit: number): Refusal {
  return refuse(
    'EXCEEDED_LIMIT',
    `${what} ${bytes} exceed BE's conf \`${setting}\` ${limit}. increase it if you are sure this load is reasonable`,
  );
}

function framing(request: LoadRequest, { framingCode }: Behaviour): Refusal | undefined {
  const hasLength = request.options['content-length'] !== undefined;
  if (!hasLength && !isChunked(request)) {
    return refuse(
      framingCode,
      'content_length is empty and transfer-encoding!=chunked, please set content_length or transfer-encoding=chunked',
    );
  }
  if (hasLength && isChunked(request)) return refuse(framingCode, 'please do not set both content_length and transfer-encoding');
  return undefined;
}

function timeout({ options }: LoadRequest): Refusal | undefined {
  return integerRefusal('timeout', options['timeout']);
}
