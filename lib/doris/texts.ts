import type { Setback } from './verdict.ts';

/** What a failure's text means. `ambiguous`: the load may be stored all the same. */
export type Meaning = 'rejected-data' | 'ambiguous' | Exclude<Setback['kind'], 'running' | 'unknown'>;

/** The cloud with a merge-on-write table, and 1.x where its operator switched two-phase commit off (reference 6). */
const NO_TWO_PHASE = /\bstream load 2pc is unsupported\b|\bTwo phase commit \(2PC\)[^.]* was disabled\b/;

/** A user who may use no compute group, or has none of his own where a load names none. */
const NO_GROUP_CHOSEN = /\bComputeGroupException: \w*NO_AUTH\w*|\bNo cloud cluster name selected\b/;

/**
 * What Doris says of JSON that is packed before the release in which it learned to unpack it (apache/doris#48990): the first in sources up
 * to 2023 at least (stream_load.cpp, 000bc5ed), the second where only the check of the format is left.
 */
const UNREAD_FORMAT = /\b(compress data of JSON format is not supported|unknown data format)\b/i;

/**
 * Where one value fails a whole load and nothing is counted: in a VARIANT (json_parser.cpp, parse2column.cpp; apache/doris#64281),
 * or NULL where ranges make partitions (PartitionExprUtil.java). Before it stand Doris's codes and words only, never what a row says.
 */
const REFUSED_VALUE = new RegExp(
  `^[^[\\]{}"']*(\\[[-\\w]+\\][^[\\]{}"']*)*(${[
    'Key length exceeds maximum allowed size of \\d+ bytes',
    '(subcolumn .* size missmatched, )?may contains duplicated entry\\b',
    'Nesting of array in Nested array within variant subcolumns',
    'Ambiguous structure of top_array nested subcolumns',
    '(?<=\\[INVALID_ARGUMENT\\])Failed to parse object ',
    "Can't create partition for NULL Range",
  ].join('|')})`,
);

/**
 * Doris's failure texts (reference 3.2, 1.1), first match wins. The order carries meaning: refused rows may be quoted in a text and say anything,
 * so their codes are anchored and come first; the FE uses ANALYSIS_ERROR for whatever goes wrong at begin and at commit, so it comes last.
 */
const TABLE: readonly (readonly [Meaning, RegExp])[] = [
  ['rejected-data', /^(\[[A-Z_]+\][a-z ]*:?\s*)?\[DATA_QUALITY_ERROR\]/],
  [
    'rejected-data',
    /^(\[[A-Z_]+\])?(Parse json data (for JsonDoc )?failed\b|JSON data is (an )?array-object\b|JSON data is not an array-object\b)/,
  ],
  // Doris 2.0 had no code for refused rows, early pipeline loads of 2.1 another one (apache/doris#34072).
  ['rejected-data', /^(\[INTERNAL_ERROR\])?too many filtered rows\b/],
  ['rejected-data', /^(\[[A-Z_]+\][a-z ]*:?\s*)?\[END_OF_FILE\]Encountered unqualified data\b/],
  ['rejected-data', REFUSED_VALUE],
  ['ambiguous', /^\[(THRIFT_RPC_ERROR|PUBLISH_TIMEOUT|TIMEOUT|SERVICE_UNAVAILABLE|NOT_MASTER)\]/],

  ['rejected-config', /\b(unknown (column|table|database)\b|Access denied\b|Unauthorized\b|Label format error\b)/i],
  ['rejected-config', UNREAD_FORMAT],
  ['rejected-config', /\b(no default value\b|column count doesn't match\b|Invalid (timeout|strict mode format|mem limit format)\b)/i],
  ['rejected-config', /\bexceed BE's conf\b|\bThere is no 100-continue header\b|\bNo (database|table|cloud cluster name) selected\b/],
  [
    'rejected-config',
    /\b(Database not found|(Olap)?Table not found|(database|table) is invalid|(public|private) endpoint is null|Invalid header host)\b/,
  ],
  ['rejected-config', NO_TWO_PHASE],
  ['unavailable', /\bComputeGroupException: \w*NO_(ALIVE_)?BE\b/],
  ['rejected-config', /\bComputeGroupException: /],
  // Cloud gives a label up after 100 aborted loads; CLEAN LABEL frees it (reference 4).
  ['rejected-config', /\btoo many aborted txn for label\b/],

  ['overload', /\bcurrent running txns on db\b|\bTOO_MANY_(VERSION|SEGMENTS|TASKS)|(?<![\w-])E?-23[58]\b/],
  ['overload', /\b(MEM_LIMIT_EXCEEDED|MEM_ALLOC_FAILED|FETCH_MEMORY_EXCEEDED|memory limit exceeded)\b/i],
  ['overload', /\bno space for group commit\b/],
  [
    'overload',
    /\bDISK_REACH_CAPACITY_LIMIT\b|\bNO_AVAILABLE_ROOT_PATH\b|(?<![\w-])E?-(232|223|608)\b|\bquota\b.*\bexceed|\bexceeds? .*\bquota\b/i,
  ],

  ['unavailable', /\bNo backend (load )?available\b|\balive replica num \d+ < quorum replica num\b|\bblocked on schema change\b/i],

  [
    'ambiguous',
    /\b(transaction \[?-?\d+\]?|already (aborted|committed|visible)|time(d|s)? ?out|publish|commit|cancel|rpc|not (the )?master)\w*\b/i,
  ],

  ['rejected-config', /^\[(ANALYSIS_ERROR|INVALID_ARGUMENT|NOT_AUTHORIZED|DATA_FILE_TYPE_ERROR)\]/],
];

/** The meaning of a failure's text; undefined when nobody has described it, which makes it as good as ambiguous. */
export function meaningOf(text: string): Meaning | undefined {
  // A reply may be a megabyte; every known text names itself early.
  const start = text.slice(0, 4000);
  return TABLE.find(([, pattern]) => pattern.test(start))?.[0];
}

/** Whether a reason says that Doris does not read the form in which rows were sent. */
export function isAboutFormat(reason: string): boolean {
  return UNREAD_FORMAT.test(reason);
}

/** What to do about reasons that name something else than what is wrong, or a setting of this loader. Codes are those of Node. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [NO_TWO_PHASE, 'set DORIS_LOAD_MODE to labelled'],
  [/\bThere is no 100-continue header\b/, 'a proxy on the way drops the header Expect (nginx: proxy_set_header Expect $http_expect)'],
  [NO_GROUP_CHOSEN, 'GRANT USAGE_PRIV ON COMPUTE GROUP to the user, and make that group its default_compute_group (docs/deploy.md)'],
  // apache/doris#43241: the reader ends first, and its reason is lost.
  [
    /^\[INTERNAL_ERROR\]cancelled: closed\b/,
    'some releases say so when more than 50 bad rows come first; be.INFO of the backend has the reason',
  ],
  [/: (DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/, 'DORIS_CA_CERT holds no authority of its certificate'],
  [/: ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name than the one by which it is reached'],
  [/: EPROTO$/, 'its port speaks no TLS (docs/deploy.md, the way to Doris)'],
  [/: HPE_INVALID_CONSTANT$/, 'its port speaks no HTTP; 9030 is for MySQL clients'],
];

/** A reason with what to do about it, where it does not say. */
export function withAdvice(reason: string): string {
  const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1];
  return advice === undefined ? reason : `${reason} - ${advice}`;
}
