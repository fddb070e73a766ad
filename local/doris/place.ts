import type { FaultPlace } from './faults.ts';

/** Database and table of an API path; `''` where it names none. */
export function targetOf(rawPath: string): Pick<FaultPlace, 'database' | 'table'> {
  const parts = rawPath.split('/').slice(2).map(decode);
  if (parts[0] === 'query') return { database: parts[2] ?? '', table: '' };
  if (parts.length === 3) return { database: parts[0] ?? '', table: parts[1] ?? '' };
  return { database: parts.length === 2 ? (parts[0] ?? '') : '', table: '' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
