import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command line as npm links it. */
export const BIN = fileURLToPath(new URL('../../cli/doris-loader.mjs', import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `doris-loader` as people do: as a process of its own, outside a terminal. It gets these variables and no others. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  return startProcess(process.execPath, [BIN, ...args], env);
}

/** The same, to its end. */
export function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startCli(args, env).ended;
}

/** Any program, with these variables and no others; killed when it lasts longer than it may. */
export function startProcess(program: string, args: readonly string[], env: Readonly<Record<string, string>>, timeout = 25_000): Started {
  const child = spawn(program, [...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...out }));
  });
  return { child, ended };
}
