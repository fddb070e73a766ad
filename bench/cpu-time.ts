import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of processor time of all threads of this process, since an earlier reading or since its start. */
export function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

/** proc(5): times are in ticks, of which Linux has a hundred a second on every machine that Node runs on. */
const MS_A_TICK = 10;

/** Milliseconds of processor time of a process and of all that it started, those that it saw end included. Linux only. */
export function treeCpuMs(pid = 'self'): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name in brackets and may hold blanks; user and system time are the 14th to the 17th, ended children's included.
  const times = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  const own = times.reduce((sum, ticks) => sum + Number(ticks), 0) * MS_A_TICK;
  return childrenOf(pid).reduce((sum, child) => sum + treeCpuMs(child), own);
}

function childrenOf(pid: string): readonly string[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean));
}
