import type { Behaviour } from './behaviour.ts';
import { isChunked, isTrue, type LoadRequest } from './load-request.ts';
import { type Refusal, refuse } from './refusal.ts';

export type GroupCommit = 'off' | 'sync' | 'async';

export type GroupDecision =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** `by-table`: the property `group_commit_mode` of the table decides. The label may have been lost on the way. */
  | { readonly kind: 'decided'; readonly mode: GroupCommit | 'by-table'; readonly label: string };

const MODES: Readonly<Record<string, GroupCommit>> = { async_mode: 'async', sync_mode: 'sync', off_mode: 'off' };

/** What the BE makes of the header `group_commit` before it looks at anything else (reference 2.3). */
export function decideGroupCommit(request: LoadRequest, behaviour: Behaviour): GroupDecision {
  const asked = request.options['group_commit'];
  const mode = asked === undefined ? undefined : groupCommitMode(asked);
  if (asked !== undefined && mode === undefined) return refused('group_commit can only be [async_mode, sync_mode, off_mode]');
  if (mode === 'off' || (mode === undefined && !behaviour.groupCommitProperty))
    return { kind: 'decided', mode: 'off', label: request.label };
  return decideByBody(request, mode);
}

/** The mode that a header or a table property names. */
export function groupCommitMode(text: string): GroupCommit | undefined {
  return MODES[text.toLowerCase()];
}

function decideByBody(request: LoadRequest, mode: GroupCommit | undefined): GroupDecision {
  const length = Number(request.options['content-length'] ?? 0);
  if (length === 0 && !isChunked(request)) return { kind: 'decided', mode: 'off', label: request.label };
  // The trap: a chunked body loses its label here, and with it all protection from duplicates.
  const label = isChunked(request) ? '' : request.label;
  if (!isApplicable(request)) return { kind: 'decided', mode: 'off', label };
  if (mode === undefined) return { kind: 'decided', mode: 'by-table', label };
  if (label !== '') return refused("label and group_commit can't be set at the same time");
  return { kind: 'decided', mode, label };
}

function isApplicable({ options, twoPhase }: LoadRequest): boolean {
  const updateMode = options['unique_key_update_mode']?.toUpperCase() ?? '';
  return !(
    twoPhase ||
    isTrue(options['partial_columns']) ||
    options['partitions'] !== undefined ||
    options['temporary_partitions'] !== undefined ||
    ['UPDATE_FIXED_COLUMNS', 'UPDATE_FLEXIBLE_COLUMNS'].includes(updateMode)
  );
}

function refused(message: string): GroupDecision {
  return { kind: 'refused', refusal: refuse('INVALID_ARGUMENT', message) };
}
