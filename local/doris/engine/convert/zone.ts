const OFFSET = /^([+-])(\d{1,2}):(\d{2})$/;

/** Seconds east of UTC that a zone has at an instant. */
export type ZoneOffset = (epochSeconds: number) => number;

/** The zone of this process, which a Doris without a `timezone` header would take from its machine. */
export const LOCAL_ZONE: ZoneOffset = (epochSeconds) => -new Date(epochSeconds * 1000).getTimezoneOffset() * 60;

/**
 * Reads `+08:00` or a zone name such as `Asia/Shanghai`.
 * @returns `undefined` for a zone that nobody knows.
 */
export function zoneOf(name: string): ZoneOffset | undefined {
  const fixed = fixedOffset(name);
  if (fixed !== undefined) return () => fixed;
  if (name.toUpperCase() === 'CST') return () => 8 * 3600;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    return (epochSeconds) => namedOffset(format, epochSeconds);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Seconds of a `+08:00` offset; `undefined` when the text is none. */
export function fixedOffset(text: string): number | undefined {
  if (text === 'Z' || text.toUpperCase() === 'UTC') return 0;
  const parts = OFFSET.exec(text);
  if (!parts) return undefined;
  const seconds = Number(parts[2]) * 3600 + Number(parts[3]) * 60;
  return parts[1] === '-' ? -seconds : seconds;
}

function namedOffset(format: Intl.DateTimeFormat, epochSeconds: number): number {
  const part = format.formatToParts(new Date(epochSeconds * 1000)).find(({ type }) => type === 'timeZoneName');
  return fixedOffset(part?.value.replace('GMT', '') || 'Z') ?? 0;
}
