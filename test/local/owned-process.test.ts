import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startOwnedProcess } from '../../local/owned-process.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function firstLine(output: NodeJS.ReadableStream): Promise<string> {
  const [chunk] = (await once(output, 'data')) as [Buffer];
  return chunk.toString().trim();
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(10);
}

/** Prints its process id and goes on for ever, without looking at anything. */
const busy = 'console.log(process.pid); for (;;);';

describe('a process of our own', () => {
  it('tells how it ended by itself', async () => {
    const { ended } = startOwnedProcess(process.execPath, ['-e', 'process.exit(3)'], {});

    expect(await ended).toEqual({ code: 3, signal: null });
  });

  it('sees only the environment that it is given', async () => {
    const { stdout, ended } = startOwnedProcess(process.execPath, ['-p', 'process.env.GIVEN + process.env.HOME'], { GIVEN: 'yes' });

    expect(await firstLine(stdout)).toBe('yesundefined');
    await ended;
  });

  it('is gone when it was killed', async () => {
    const owned = startOwnedProcess(process.execPath, ['-e', busy], {});
    const pid = Number(await firstLine(owned.stdout));

    expect(await owned.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(isAlive(pid)).toBe(false);
  });

  it('is killed when its owner is killed, even while it is busy', async () => {
    const module = fileURLToPath(new URL('../../local/owned-process.ts', import.meta.url));
    const owning = `
      import { startOwnedProcess } from ${JSON.stringify(module)};
      startOwnedProcess(process.execPath, ['-e', ${JSON.stringify(busy)}], {}).stdout.pipe(process.stdout);
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', owning], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(await firstLine(owner.stdout));

    owner.kill('SIGKILL');
    await untilGone(pid);

    expect(isAlive(pid)).toBe(false);
  });
});
