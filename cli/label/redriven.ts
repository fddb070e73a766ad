import type { LetterState, RedriveLoad } from '../../lib/redrive/ledger.ts';

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
      return load === undefined ? `bound to load ${state.load}, which the ledger does not have` : loadText(load);
    default:
      return state satisfies never;
  }
}

function loadText(load: RedriveLoad): string {
  switch (load.state) {
    case 'stored':
      return `yes, its record is stored, by load ${load.label}`;
    case 'void':
      return `tried, and surely not stored by load ${load.label}`;
    case 'open':
      return `in doubt: load ${load.label} is open, and the next redrive that meets its record asks Doris`;
    case 'contradicted':
      return `contradicted: look which rows of load ${load.label} the table has ("explain-label ${load.label}" says what then): ${load.reason}`;
    default:
      return load satisfies never;
  }
}
