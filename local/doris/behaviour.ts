const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/** What differs between Doris releases, flavours and configurations; every field has Doris's default. */
export interface Behaviour {
  /** Compute-storage decoupled: no job status on a used label, labels kept by time alone, at most 100 aborted tries (reference 1.4, 3.1, 4). */
  readonly cloud: boolean;
  /** `question-mark`: 2.1 to 4.0, which end a Location without query in `?` and copy the scheme; `newest`: neither (1.2). */
  readonly redirectForm: 'question-mark' | 'newest';
  /** What the FE does with body bytes that come before the client was redirected: cut the connection, or read and drop them (1.5). */
  readonly earlyBody: 'reset' | 'drain';
  /** `stream_load_redirect_bounded_drain_max_bytes`; only with `earlyBody: 'drain'`. */
  readonly drainMaxBytes: number;
  /** `stream_load_redirect_bounded_drain_max_idle_time_ms`; only with `earlyBody: 'drain'`. */
  readonly drainIdleMs: number;
  /** Wording of "no backend": 2.1, or the newer one (1.1 row 10). */
  readonly noBackendText: 'old' | 'new';
  /** `streaming_label_keep_max_second`, or `label_keep_max_second` in cloud mode, in ms (4). */
  readonly labelKeepMs: number;
  /** `label_num_threshold`: finished transactions remembered in one database; -1 = by time alone (4). */
  readonly labelKeepCount: number;
  /** `label_regex_length` (4). */
  readonly labelMaxLength: number;
  /** `max_running_txn_num_per_db` (3.2). */
  readonly maxRunningTxns: number;
  /** Aborted transactions of one label that cloud mode puts up with (4). */
  readonly maxAbortedPerLabel: number;
  /** `stream_load_default_timeout_second` in ms: three days (2.2). */
  readonly loadTimeoutMs: number;
  /** `stream_load_default_precommit_timeout_second` in ms (6). */
  readonly precommitTimeoutMs: number;
  /** `streaming_load_json_max_mb` in bytes (2.4). */
  readonly jsonMaxBytes: number;
  /** `streaming_load_max_mb` in bytes (2.4). */
  readonly maxBytes: number;
  /** Code in front of the two framing errors: the regression suite pins the first, the sources read have the second (2.4). */
  readonly framingCode: 'INTERNAL_ERROR' | 'INVALID_ARGUMENT';
  /** The reply carries `FirstErrorMsg` on data errors; newest only (3). */
  readonly firstErrorMsg: boolean;
  /** The reply carries `ReceiveDataTimeMs`; newer only (3). */
  readonly receiveDataTime: boolean;
  /** Newer: a table property turns group commit on, and a chunked body loses its label without any header (2.3). */
  readonly groupCommitProperty: boolean;
  /** Whether numbers of a JSON body that have a point or an exponent go through a double: one result on record says so, the sources do not (9.8). */
  readonly jsonDecimals: 'kept' | 'rounded';
  /**
   * JSON with a `compress_type`: unpacked by releases since March 2025, refused by those before; `read-as-it-is` is what comes of it when something
   * on the way drops the header (2.2).
   */
  readonly packedJson: 'unpacked' | 'refused' | 'read-as-it-is';
  /** `load_error_log_reserve_hours` in ms (7). */
  readonly errorLogKeepMs: number;
  /** `time_zone` of the cluster, for loads that name none; `''` = that of this process. */
  readonly timeZone: string;
  /** `version` in `/api/bootstrap`, and the release the stand-in claims to be. */
  readonly version: string;
}

/** Doris 3.x, not cloud, as configured out of the box. */
const defaultBehaviour: Behaviour = {
  cloud: false,
  redirectForm: 'question-mark',
  earlyBody: 'reset',
  drainMaxBytes: 1024 * MIB,
  drainIdleMs: 1000,
  noBackendText: 'old',
  labelKeepMs: 12 * HOUR_MS,
  labelKeepCount: 2000,
  labelMaxLength: 128,
  maxRunningTxns: 1000,
  maxAbortedPerLabel: 100,
  loadTimeoutMs: 72 * HOUR_MS,
  precommitTimeoutMs: HOUR_MS,
  jsonMaxBytes: 100 * MIB,
  maxBytes: 10_240 * MIB,
  framingCode: 'INTERNAL_ERROR',
  firstErrorMsg: false,
  receiveDataTime: true,
  groupCommitProperty: true,
  jsonDecimals: 'kept',
  packedJson: 'unpacked',
  errorLogKeepMs: 48 * HOUR_MS,
  timeZone: '',
  version: 'doris-stand-in',
};

const cloudBehaviour: Partial<Behaviour> = { cloud: true, labelKeepMs: 72 * HOUR_MS, labelKeepCount: -1 };

/** The defaults of the flavour that `overrides` names, with `overrides` on top. */
export function behaviourOf(overrides: Partial<Behaviour> = {}): Behaviour {
  return { ...defaultBehaviour, ...(overrides.cloud === true ? cloudBehaviour : {}), ...overrides };
}
