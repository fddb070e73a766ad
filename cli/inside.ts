import { InvokeCommand } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import type { Subjects } from '../lib/doctor/diagnose.ts';
import { CHECKS, type Finding, VERDICTS } from '../lib/doctor/finding.ts';
import { asked, openLambda } from './aws.ts';
import { failed, wrongInput } from './errors.ts';

const findingSchema = z.object({
  check: z.enum(CHECKS),
  verdict: z.enum(VERDICTS),
  subject: z.string(),
  what: z.string(),
  advice: z.string().exactOptional(),
});
const answerSchema = z.object({ findings: z.array(findingSchema) });
const errorSchema = z.object({ errorType: z.string(), errorMessage: z.string() });

/** Lambda takes events of 6 MB. */
const LARGEST_EVENT = 6 * 1024 ** 2;

/** Has the deployed function doctor look from inside its network. @param name - name or ARN of the function. @throws {CommandError} */
export async function diagnoseInside(name: string, subjects: Subjects): Promise<readonly Finding[]> {
  const event = Buffer.from(JSON.stringify(subjects));
  if (event.length > LARGEST_EVENT)
    throw wrongInput(`--sample: makes an event of ${event.length} bytes, Lambda takes ${LARGEST_EVENT}; take fewer rows`);
  const lambda = openLambda();
  try {
    const { FunctionError, Payload } = await asked(
      `function ${name}`,
      lambda.send(new InvokeCommand({ FunctionName: name, Payload: event })),
    );
    const answer = jsonOf(Payload);
    if (FunctionError !== undefined) throw failed(`function ${name}: ${errorText(answer)}`);
    const parsed = answerSchema.safeParse(answer);
    if (!parsed.success)
      throw failed(`function ${name}: its answer is none of doctor's; the output <Loader>Doctor of the stack names the function`);
    return parsed.data.findings;
  } finally {
    lambda.destroy();
  }
}

function jsonOf(payload: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(payload ?? []).toString());
  } catch {
    return undefined;
  }
}

function errorText(answer: unknown): string {
  const { success, data } = errorSchema.safeParse(answer);
  return success ? `${data.errorType}: ${data.errorMessage}` : 'it failed and did not say why; its log does';
}
