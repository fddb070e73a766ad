import type { Config } from '../../lib/config.ts';
import { ConfigError } from '../../lib/errors.ts';
import { openDynamoDb, openKinesis, openS3, openSqs } from '../aws.ts';
import { checkBucket, checkLedger, checkQueue, checkStream } from '../doctor/aws.ts';
import { examineDoris } from '../doctor/examine.ts';
import { type Finding, fault, ok } from '../doctor/finding.ts';
import { checkTimeouts } from '../doctor/fit.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { wholeNumber } from '../option-values.ts';
import type { Paint } from '../output.ts';
import { examples, type Register } from '../register.ts';
import { readSample } from '../sample.ts';
import type { Session } from '../session.ts';
import { tableText } from '../table.ts';
import { counted } from '../words.ts';

/** `doctor` */
export const registerDoctor: Register = (program, act) => {
  program
    .command('doctor')
    .description('checks every hop of a load from here, and names what is broken and what to do')
    .option('--sample <file>', 'rows to compare with the table, one JSON object a line; needs a loader with one table')
    .option('--stream <name or ARN...>', 'streams of the loader')
    .option('--function-timeout <seconds>', 'timeout of the deployed function, to see whether the others fit', wholeNumber(1, 900))
    .addHelpText(
      'after',
      `
Takes all settings of the loader, and looks from where it runs: outside the VPC other hops may fail than inside. It begins a load without
rows, which Doris aborts, and changes nothing. Ends with 1 when there is a fault.
${examples('doctor --config loader.env', 'doctor --config function.json --sample rows.ndjson --stream orders', 'doctor --json | jq \'.findings[] | select(.verdict != "ok")\'')}`,
    )
    .action(act(doctor));
};

interface Options {
  readonly sample?: string;
  readonly stream?: readonly string[];
  readonly functionTimeout?: number;
}

async function doctor(session: Session, options: Options): Promise<ExitCode> {
  const samples = options.sample === undefined ? [] : readSample(options.sample);
  const config = configOf(session);
  const findings = 'faults' in config ? config.faults.map(settingFault) : await examine(session, config, { ...options, samples });
  session.output.result({ findings }, (paint) => textOf(findings, paint));
  return findings.some(({ verdict }) => verdict === 'fault') ? EXIT.amiss : EXIT.done;
}

function configOf(session: Session): Config | ConfigError {
  try {
    return session.loaderConfig();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

function settingFault(text: string): Finding {
  const [, name = 'settings', what = text] = /^([A-Z_]+): (.*)$/s.exec(text) ?? [];
  return fault('settings', name, what, 'docs/settings.md says what is allowed; nothing else is checked before');
}

type Examined = Options & { readonly samples: Parameters<typeof examineDoris>[1] };

async function examine(
  { output }: Session,
  config: Config,
  { samples, stream = [], functionTimeout }: Examined,
): Promise<readonly Finding[]> {
  output.progress('asking Doris');
  const doris = await examineDoris(config, samples);
  output.progress('asking AWS');
  const aws = await Promise.all([
    checkLedger(openDynamoDb(), config.ledgerTable),
    checkQueue(openSqs(), config.deadLetters),
    checkBucket(openS3(), config.deadLetters.bucket),
    ...stream.map((name) => checkStream(openKinesis(), name)),
  ]);
  return [ok('settings', 'settings', 'every one is allowed'), ...checkTimeouts(config, functionTimeout), ...doris, ...aws.flat()];
}

const MARKS = { ok: ['green', 'ok'], warning: ['yellow', 'warning'], fault: ['red', 'FAULT'], untold: ['dim', 'untold'] } as const;

function textOf(findings: readonly Finding[], paint: Paint): string {
  const rows = findings.map((one) => [MARKS[one.verdict][1], one.check, one.subject, one.what]);
  const [head, ...lines] = tableText(['verdict', 'check', 'subject', 'what was found'], rows).split('\n');
  const coloured = findings.map(({ verdict }, index) => paint(MARKS[verdict][0], lines[index] ?? ''));
  const advice = adviceOf(findings);
  const faults = findings.filter(({ verdict }) => verdict === 'fault').length;
  const verdict = faults === 0 ? paint('green', 'no fault: loads should work from here') : paint('red', counted(faults, 'fault'));
  return [head, ...coloured, ...(advice.length === 0 ? [] : ['', 'What to do:', ...advice]), '', verdict].join('\n');
}

/** Each piece of advice once, with what it is for. */
function adviceOf(findings: readonly Finding[]): readonly string[] {
  const subjects = new Map<string, string[]>();
  for (const { advice, check, subject } of findings)
    if (advice !== undefined) subjects.set(advice, [...(subjects.get(advice) ?? []), `${check} ${subject}`]);
  return [...subjects].map(([advice, about]) => `${about.join(', ')}: ${advice}`);
}
