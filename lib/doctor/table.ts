import type { Deadline } from '../deadline.ts';
import type { Column } from '../doris/columns.ts';
import type { Inspector, Reach } from '../doris/inspector.ts';
import type { Target, Told } from '../ports.ts';
import { type Finding, fault, ok, untold, warning } from './finding.ts';
import type { SampleRow } from './sample.ts';
import { schemaFindings, zoneFindings } from './schema.ts';

/** What a table is checked against. */
export interface Expectations {
  /** Rows that come to it, of the sample that was given. */
  readonly samples?: readonly SampleRow[];
  /** Columns that the settings fill, by the setting. */
  readonly filled: readonly { readonly setting: string; readonly column: string }[];
  readonly needsSequence: boolean;
  /** Whether loads go packed. */
  readonly packs: boolean;
  /** To which loads convert times that name one. */
  readonly timeZone?: string;
}

/** Begins a load without rows through a frontend, and looks at the table's columns. */
export async function checkTable(
  frontend: URL,
  target: Target,
  inspector: Inspector,
  { samples, filled, needsSequence, packs, timeZone }: Expectations,
  deadline: Deadline,
): Promise<readonly Finding[]> {
  const name = `${target.database}.${target.table}`;
  const reached = await inspector.reach(frontend, target, deadline);
  if (reached.kind !== 'begun') return [reachFinding(name, reached)];
  const columns = await inspector.columns(target, deadline);
  const model = needsSequence ? await inspector.tableModel(target, deadline) : undefined;
  return [
    ok('load', name, `a load without rows was begun and aborted by way of ${frontend.host}`),
    ...(columns.kind === 'told'
      ? [...schemaFindings(name, columns.value, samples, filled), ...zoneFindings(name, columns.value, samples ?? [], timeZone)]
      : [unreadable(name, columns)]),
    ...(model?.kind === 'told' && model.value !== 'unique' ? [noSequence(name, model.value)] : []),
    ...(packs ? [packingFinding(name, await inspector.unpacks(frontend, target, deadline))] : []),
  ];
}

function packingFinding(name: string, unpacks: Told<boolean>): Finding {
  if (unpacks.kind !== 'told')
    return untold(
      'compression',
      name,
      `whether Doris unpacks loads is not told: ${unpacks.reason}`,
      'the first packed load shows it: its log line says packing',
    );
  if (unpacks.value) return ok('compression', name, 'a packed load was unpacked, and refused since none of its lines is a row');
  return warning(
    'compression',
    name,
    'Doris does not unpack JSON, or something on the way drops the header compress_type: every function packs its first load in vain, and no other',
    'set DORIS_COMPRESSION to none; releases from before spring 2025 unpack CSV only',
  );
}

function unreadable(name: string, { reason }: Exclude<Told<readonly Column[]>, { kind: 'told' }>): Finding {
  return untold(
    'schema',
    name,
    `its columns cannot be read: ${reason}`,
    'grant SELECT_PRIV on the table to have its columns checked; loading needs LOAD_PRIV only',
  );
}

function noSequence(name: string, model: string): Finding {
  return fault(
    'schema',
    name,
    `is a table of the ${model} model`,
    'DORIS_SEQUENCE_COLUMN needs a UNIQUE KEY table: unset it, or recreate the table',
  );
}

/** Texts of Doris (reference 1.1, 3.2) and what they come down to, the first that fits. */
const CAUSES = [
  [
    /unknown database|database.*(not found|does not exist|not exist)/i,
    'database',
    'create the database, or correct DORIS_DATABASE or the route',
  ],
  [
    /unknown table|table.*(not found|does not exist|not exist)/i,
    'table',
    'create the table (create-table proposes one from a sample), or correct DORIS_TABLE or the route',
  ],
  [
    /ComputeGroupException: \w*NO_AUTH|No cloud cluster name selected/,
    'privilege',
    'GRANT USAGE_PRIV ON COMPUTE GROUP to the user and make it his default_compute_group (docs/deploy.md)',
  ],
  [/access denied|privilege|denied/i, 'privilege', 'GRANT LOAD_PRIV on the table to the user; LOAD_PRIV is all that loading needs'],
  [/no backend|backend.*available/i, 'backends', 'SHOW BACKENDS on the frontend says why none takes loads'],
] as const;

/** Without `strict_mode` Doris stores NULL for what it cannot convert, and counts the row as loaded (reference 9.9). */
const DROPPED_HEADERS =
  'something on the way drops headers with an underscore in their names (nginx: underscores_in_headers on); without them Doris stores values that do not fit as NULL';

function reachFinding(name: string, { kind, host, reason }: Exclude<Reach, { kind: 'begun' }>): Finding {
  const [, check, advice] = CAUSES.find(([pattern]) => pattern.test(reason)) ?? [];
  if (kind === 'refused' && check !== undefined) return fault(check, name, `${host}: ${reason}`, advice ?? '');
  if (kind === 'redirect-refused')
    return fault('redirect', name, reason, 'allow the host in DORIS_REDIRECT_HOSTS, or map its address with DORIS_BACKEND_ADDRESSES');
  if (kind === 'half-heard') return fault('load', name, `${host}: ${reason}`, DROPPED_HEADERS);
  if (kind === 'lost')
    return fault(
      'load',
      name,
      `${host}: ${reason}`,
      'the server took the connection and did not answer: look at its log, and for a proxy in between',
    );
  return fault('load', name, `${host}: ${reason}`, 'Doris does not begin loads into it: see the reason');
}
