/** Milliseconds of processor time of all threads of this process, since an earlier reading or since its start. */
export function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
