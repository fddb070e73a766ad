import type { LetterState, RedriveLoad } from '../../lib/redrive/ledger.ts';

const LOAD = {
  stored: (label: string) => `yes, its record is stored, by load ${label}`,
  void: (label: string) => `tried, and surely not stored by load ${label}`,
  open: (label: string) => `in doubt: load ${label} is open, and the next redrive that meets its record asks Doris`,
} as const;

/** What the ledger has of a record that was or was not redriven, for people. */
export function redrivenText({ state, load }: { readonly state: LetterState; readonly load: RedriveLoad | undefined }): string {
  switch (state.kind) {
    case 'new':
      return 'no';
    case 'stored':
      return 'yes, its record is stored';
    case 'free':
      return 'tried, and surely not stored';
    case 'bound':
      return load === undefined ? `bound to load ${state.load}, which the ledger does not have` : LOAD[load.state](load.label);
    default:
      return state satisfies never;
  }
}
