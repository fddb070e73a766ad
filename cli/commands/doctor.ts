import { diagnose, type Services, type Subjects } from '../../lib/doctor/diagnose.ts';
import type { Finding } from '../../lib/doctor/finding.ts';
import { openDynamoDb, openKinesis, openS3, openSecrets, openSqs } from '../aws.ts';
import { type Deployed, examineDeployed } from '../deployed.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { diagnoseInside } from '../inside.ts';
import { wholeNumber } from '../option-values.ts';
import type { Paint } from '../output.ts';
import { examples, type Register } from '../register.ts';
import { readSample } from '../sample.ts';
import type { Session } from '../session.ts';
import { tableText } from '../table.ts';
import { counted } from '../words.ts';

/** `doctor` */
export const registerDoctor: Register = (command, act) => {
  command
    .option('--inside <function>', 'look from inside the VPC: through the deployed function that the output <Loader>Doctor names')
    .option('--function <name or ARN>', 'the deployed loader: its timeout, and the settings of what feeds it, through the API of Lambda')
    .option('--sample <file>', 'rows to compare with the tables that they are routed to, one JSON object a line')
    .option('--stream <name or ARN...>', 'streams of the loader')
    .option('--function-timeout <seconds>', 'timeout of the deployed function, to see whether the others fit', wholeNumber(1, 900))
    .addHelpText(
      'after',
      `
Takes all settings of the loader, and looks from where it runs: outside the VPC other hops may fail than inside. With --inside the
deployed function looks, with the settings that it has there. It begins a load without rows, which Doris aborts, and changes nothing. Ends
with 1 when there is a fault.
${examples('doctor --config loader.env', 'doctor --config function.json --sample rows.ndjson --stream orders', 'doctor --inside Loaders-Doctor-1A2B3C --function Loaders-Orders-4D5E6F', 'doctor --json | jq \'.findings[] | select(.verdict != "ok")\'')}`,
    )
    .action(act(doctor));
};

interface Options {
  readonly inside?: string;
  readonly function?: string;
  readonly sample?: string;
  readonly stream?: readonly string[];
  readonly functionTimeout?: number;
}

const SERVICES: Services = { dynamoDb: openDynamoDb, sqs: openSqs, s3: openS3, kinesis: openKinesis, secrets: openSecrets };

async function doctor({ env, output }: Session, options: Options): Promise<ExitCode> {
  const { inside, function: deployedName, sample } = options;
  const deployed = deployedName === undefined ? undefined : await examineDeployed(deployedName);
  const subjects = subjectsOf(sample === undefined ? [] : readSample(sample), options, deployed);
  if (inside !== undefined) output.progress(`waiting for ${inside}`);
  const hops = inside === undefined ? await diagnose(env, SERVICES, subjects, output.progress) : await diagnoseInside(inside, subjects);
  const findings = [...hops, ...(deployed?.findings ?? [])];
  output.result({ findings }, (paint) => textOf(findings, inside ?? 'here', paint));
  return findings.some(({ verdict }) => verdict === 'fault') ? EXIT.amiss : EXIT.done;
}

/** What is said goes before what the deployed function is found to have. */
function subjectsOf(samples: Subjects['samples'], { stream, functionTimeout }: Options, deployed: Deployed | undefined): Subjects {
  const streams = stream ?? deployed?.streams ?? [];
  const timeout = functionTimeout ?? deployed?.functionTimeout;
  return {
    samples,
    ...(streams.length === 0 ? {} : { streams }),
    ...(timeout === undefined ? {} : { functionTimeout: timeout }),
  };
}

const MARKS = { ok: ['green', 'ok'], warning: ['yellow', 'warning'], fault: ['red', 'FAULT'], untold: ['dim', 'untold'] } as const;

function textOf(findings: readonly Finding[], place: string, paint: Paint): string {
  const rows = findings.map((one) => [MARKS[one.verdict][1], one.check, one.subject, one.what]);
  const [head, ...lines] = tableText(['verdict', 'check', 'subject', 'what was found'], rows).split('\n');
  const coloured = findings.map(({ verdict }, index) => paint(MARKS[verdict][0], lines[index] ?? ''));
  const advice = adviceOf(findings);
  const faults = findings.filter(({ verdict }) => verdict === 'fault').length;
  const verdict = faults === 0 ? paint('green', `no fault: loads should work from ${place}`) : paint('red', counted(faults, 'fault'));
  return [head, ...coloured, ...(advice.length === 0 ? [] : ['', 'What to do:', ...advice]), '', verdict].join('\n');
}

/** Each piece of advice once, with what it is for. */
function adviceOf(findings: readonly Finding[]): readonly string[] {
  const subjects = new Map<string, string[]>();
  for (const { advice, check, subject } of findings)
    if (advice !== undefined) subjects.set(advice, [...(subjects.get(advice) ?? []), `${check} ${subject}`]);
  return [...subjects].map(([advice, about]) => `${about.join(', ')}: ${advice}`);
}
