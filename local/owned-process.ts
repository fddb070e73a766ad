import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** A child process that never outlives this one. */
export interface OwnedProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<Ending>;
  /** Ends it with SIGKILL and resolves when it is gone. */
  kill(): Promise<Ending>;
}

/** How a process ended: one of the two is set. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * The watcher beside the command holds the other end of descriptor 3. When this process dies, even by SIGKILL, the read ends without a
 * line and the watcher kills the command; a line dismisses the watcher.
 */
const guard = '(read -r dismissed <&3 || kill -9 $$) & exec "$0" "$@" 3<&-';

/** Starts a program that is killed when it is told to, when this process exits, and when this process is killed. */
export function startOwnedProcess(command: string, args: readonly string[], env: NodeJS.ProcessEnv): OwnedProcess {
  const child = spawn('/bin/sh', ['-c', guard, command, ...args], { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error(`${command} has no pipes for its output`);
  const dismissWatcher = writeEndOf(child);
  const ended = new Promise<Ending>((resolve) => {
    child.once('exit', (code, signal) => {
      dismissWatcher();
      resolve({ code, signal });
    });
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  return {
    stdout,
    stderr,
    ended,
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

function writeEndOf(child: ChildProcess): () => void {
  const pipe = child.stdio[3];
  if (pipe === null || pipe === undefined || !('write' in pipe)) return () => undefined;
  pipe.on('error', () => undefined);
  return () => void pipe.end('\n');
}
