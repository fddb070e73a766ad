/** A moment as scripts and people get it. */
export function isoTime(moment: number): string {
  return new Date(moment).toISOString();
}

/** The end of a long position, which is where positions of one shard differ. */
export function shortPosition(position: string): string {
  return position.length > 20 ? `…${position.slice(-16)}` : position;
}

/** `1 shard`, `2 shards`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Why a load waits for a person, and what that person does. */
export function waitText(label: string, reason: string): string {
  return `${reason}. Compare the table with the records of load ${label}, then see resolve-label`;
}
