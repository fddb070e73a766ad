import type { LoadMode } from './ports.ts';

/** What the configured mode of loading promises less than exactly once in effect, in words for the operator; nothing when it is all of it. */
export function weakerPromise({
  mode,
  groupCommit,
}: {
  readonly mode: LoadMode;
  readonly groupCommit: 'sync' | 'async';
}): string | undefined {
  if (mode !== 'group-commit-may-duplicate') return undefined;
  const always =
    'DORIS_LOAD_MODE=group-commit-may-duplicate: records are loaded AT LEAST once. Loads have no label, so after a lost reply, a crash or a bad row in the same load Doris may store rows more than once';
  const durable =
    groupCommit === 'async'
      ? '. DORIS_GROUP_COMMIT=async: a record leaves its stream once one backend has noted it; when that disk is lost before the group is stored, so are the rows'
      : '';
  return `${always}${durable}. DORIS_POSITION_COLUMNS tell the copies apart`;
}
