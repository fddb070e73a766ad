import { Command, CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit-code.ts';
import { type Act, examples, type Register } from './register.ts';
import type { GlobalOptions, Session } from './session.ts';

/** Each command with its description; its options and what it needs are loaded when it is named, so that others need not wait. */
const COMMANDS: readonly (readonly [name: string, description: string, load: () => Promise<Register>])[] = [
  [
    'status',
    'how far each shard is, how far behind, and what is in the way',
    async () => (await import('./commands/status.ts')).registerStatus,
  ],
  [
    'doctor',
    'checks every hop of a load from here, and names what is broken and what to do',
    async () => (await import('./commands/doctor.ts')).registerDoctor,
  ],
  [
    'checkpoints',
    'how far each shard is settled into each table',
    async () => (await import('./commands/checkpoints.ts')).registerCheckpoints,
  ],
  [
    'dead-letters',
    'records that could not be loaded: look at them, load them again, drop them',
    async () => (await import('./commands/dead-letters.ts')).registerDeadLetters,
  ],
  [
    'explain-label',
    'from a label back to loader, stream, shard, first position and rows, with what the ledger and Doris say of it',
    async () => (await import('./commands/explain-label.ts')).registerExplainLabel,
  ],
  [
    'resolve-label',
    'says what a person found of a load that waits for one, so that its records go on',
    async () => (await import('./commands/resolve-label.ts')).registerResolveLabel,
  ],
  [
    'explain-letter',
    'from a dead letter to its record: why it is there, how far its shard is settled, and whether it was redriven',
    async () => (await import('./commands/explain-letter.ts')).registerExplainLetter,
  ],
  [
    'replay',
    'reads a period of a stream again and loads it, into the same table or another, with progress of its own',
    async () => (await import('./commands/replay.ts')).registerReplay,
  ],
  [
    'reconcile',
    'holds what a stream took in a period against the tables, and names records that are missing or there twice',
    async () => (await import('./commands/reconcile.ts')).registerReconcile,
  ],
  [
    'plan',
    'loads a minute, rows a load, versions, Lambda, DynamoDB and cost of a loader before it is deployed',
    async () => (await import('./commands/plan.ts')).registerPlan,
  ],
  [
    'create-table',
    'proposes a Doris table for a sample of records, as DDL with a reason for each column; creates nothing',
    async () => (await import('./commands/create-table.ts')).registerCreateTable,
  ],
];

/** Runs one command line. @returns the exit code, after everything was printed. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const act =
    <Given extends readonly unknown[]>(run: (session: Session, ...given: Given) => Promise<ExitCode>) =>
    async (...given: [...Given, Command]) => {
      const command = given.at(-1) as Command;
      const { openSession } = await import('./session.ts');
      const session = openSession(command.optsWithGlobals<GlobalOptions>(), process.env);
      exitCode = await run(session, ...(given.slice(0, -1) as unknown as Given));
    };
  const program = await programFor(argv, act);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongInput;
    const { failureOf } = await import('./failure.ts');
    const { code, text, value } = failureOf(error);
    const { json = false } = program.opts<GlobalOptions>();
    process.stderr.write(json ? `${JSON.stringify({ error: value })}\n` : `${text}\n`);
    return code;
  }
}

async function programFor(argv: readonly string[], act: Act): Promise<Command> {
  const program = new Command('doris-loader')
    .description('Looks at and mends what carries records from Kinesis and Iggy into Apache Doris.')
    .option('--config <file>', 'settings of the loader: lines of NAME=value, or what "aws lambda get-function-configuration" prints')
    .option('--set <NAME=value>', 'one setting of the loader; goes before the environment and --config, may be repeated', gathered)
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

Exit codes: 0 done, 1 done and something is amiss, 2 wrong arguments or settings, 3 AWS, Doris or a file failed or lacks
what was named, 4 nobody confirmed, 130 stopped by Ctrl-C.
${examples('status --config loader.env', 'doctor --json', 'checkpoints list --set LEDGER_TABLE=ledger')}`,
    );
  for (const [name, description, load] of COMMANDS) {
    const command = program.command(name).description(description);
    if (argv.includes(name)) (await load())(command, act);
  }
  return program;
}

/** Gathers the values of an option that may be repeated. */
function gathered(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
