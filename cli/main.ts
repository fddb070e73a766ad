import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Environment } from '../lib/config.ts';
import { SETTINGS } from '../lib/settings.ts';
import { registerCheckpoints } from './commands/checkpoints.ts';
import { registerCreateTable } from './commands/create-table.ts';
import { registerDeadLetters } from './commands/dead-letters.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerExplainLabel } from './commands/explain-label.ts';
import { registerExplainLetter } from './commands/explain-letter.ts';
import { registerPlan } from './commands/plan.ts';
import { registerReconcile } from './commands/reconcile.ts';
import { registerReplay } from './commands/replay.ts';
import { registerStatus } from './commands/status.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { failureOf } from './failure.ts';
import { type Act, examples, type Register } from './register.ts';
import { type GlobalOptions, openSession, type Session } from './session.ts';

const COMMANDS: readonly Register[] = [
  registerStatus,
  registerDoctor,
  registerCheckpoints,
  registerDeadLetters,
  registerExplainLabel,
  registerPlan,
  registerCreateTable,
  registerReconcile,
  registerReplay,
  registerExplainLetter,
];

/** Runs one command line. @returns the exit code, after everything was printed. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const act =
    <Given extends readonly unknown[]>(run: (session: Session, ...given: Given) => Promise<ExitCode>) =>
    async (...given: [...Given, Command]) => {
      const command = given.at(-1) as Command;
      const session = openSession(command.optsWithGlobals<GlobalOptions>(), process.env);
      exitCode = await run(session, ...(given.slice(0, -1) as unknown as Given));
    };
  const program = programWith(act);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongInput;
    const { code, text, value } = failureOf(error);
    const { json = false } = program.opts<GlobalOptions>();
    process.stderr.write(json ? `${JSON.stringify({ error: value })}\n` : `${text}\n`);
    return code;
  }
}

function programWith(act: Act): Command {
  const program = new Command('doris-loader')
    .description('Looks at and mends what carries records from Kinesis and Iggy into Apache Doris.')
    .option('--config <file>', 'settings of the loader: lines of NAME=value, or what "aws lambda get-function-configuration" prints')
    .option('--set <NAME=value>', 'one setting of the loader; goes before the environment and --config, may be repeated', setting)
    .option('--json', 'print the result as one JSON document')
    .option('--yes', 'do not ask before something is changed')
    .exitOverride()
    .showHelpAfterError('(--help explains the command)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .addHelpText(
      'after',
      `
Settings are the variables of the deployed function (docs/settings.md), each command needs only its own. Region, endpoints and credentials of
AWS come from the AWS SDK's own variables and profiles.

Exit codes: 0 done, 1 done and something is amiss, 2 wrong arguments or settings, 3 AWS, Doris or a file failed, 4 nobody confirmed.
${examples('status --config loader.env', 'doctor --json', 'checkpoints list --set LEDGER_TABLE=ledger')}`,
    );
  for (const register of COMMANDS) register(program, act);
  return program;
}

function setting(text: string, before: Environment = {}): Environment {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (!Object.hasOwn(SETTINGS, name)) throw new InvalidArgumentError('must be NAME=value with the name of a setting (docs/settings.md).');
  return { ...before, [name]: value };
}
