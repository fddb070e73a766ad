import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { judge, type Reply } from '../../../lib/doris/reply.ts';
import type { Verdict } from '../../../lib/doris/verdict.ts';
import { failure, LABEL, report } from './support/doris.ts';

type Change = Readonly<Record<string, unknown>>;

function reply(body: string | Uint8Array, change: Partial<Reply> = {}): Reply {
  return { status: 200, headers: {}, body: Buffer.from(body), cut: false, bodyBegun: true, ...change };
}

function verdict(value: unknown, change: Partial<Reply> = {}): Verdict {
  return judge(reply(JSON.stringify(value), change), { label: LABEL, rows: 2 }, 'labelled');
}

const ERRCODE = 'TStatus: errCode = 2, detailMessage = ';

// Reference 3.2, sample by sample; the wording around each key text is Doris's own frame, `[CODE]` and `TStatus: ..`.
const FAILURES: readonly (readonly [Verdict['kind'], string])[] = [
  ['rejected-data', '[DATA_QUALITY_ERROR]too many filtered rows'],
  [
    'rejected-data',
    '[DATA_QUALITY_ERROR]Encountered unqualified data, stop processing. Please check if the source data matches the schema',
  ],
  ['rejected-data', '[CANCELLED]cancelled: [DATA_QUALITY_ERROR]\nEncountered unqualified data, stop processing.'],
  ['rejected-data', '[DATA_QUALITY_ERROR]Multiple JSON objects in a single line'],
  ['rejected-data', '[DATA_QUALITY_ERROR]Access denied, -235, unknown table: a row may hold any words'],
  ['rejected-data', 'Parse json data for JsonDoc failed. code: 3, error info: TAPE_ERROR'],
  ['rejected-data', '[INTERNAL_ERROR]Parse json data failed. code: 3, error info: TAPE_ERROR'],
  // Doris 2.0 and before had no code of its own for refused rows, and may append its stack.
  ['rejected-data', '[INTERNAL_ERROR]too many filtered rows'],
  ['rejected-data', '[INTERNAL_ERROR]too many filtered rows\n0. /doris/be/src/common/stack_trace.cpp:302: StackTrace::tryCapture()'],
  ['rejected-data', 'too many filtered rows'],
  // apache/doris#34072: pipeline loads of early 2.1.
  ['rejected-data', '[CANCELLED][END_OF_FILE]Encountered unqualified data, stop processing'],
  // A VARIANT or an automatic partition refuses a value by failing the whole load: json_parser.cpp, PartitionExprUtil.java, apache/doris#64281.
  ['rejected-data', '[INVALID_ARGUMENT]Key length exceeds maximum allowed size of 255 bytes.'],
  [
    'rejected-data',
    '[INTERNAL_ERROR]tablet error: [INVALID_ARGUMENT]Key length exceeds maximum allowed size of 255 bytes., host: 10.0.0.9',
  ],
  ['rejected-data', '[INVALID_ARGUMENT]Nesting of array in Nested array within variant subcolumns is currently not supported.'],
  // The words of regression-test/suites/variant_p0: one key twice, or a.b beside b in a.
  ['rejected-data', '[INVALID_ARGUMENT]subcolumn a.b size missmatched, may contains duplicated entry'],
  ['rejected-data', '[INTERNAL_ERROR]tablet error: [INVALID_JSON_PATH]may contains duplicated entry : a.b, host: 10.0.0.9'],
  ['rejected-data', '[INVALID_ARGUMENT]Ambiguous structure of top_array nested subcolumns: $.a.b, $.a.b.c'],
  ['rejected-data', '[INVALID_ARGUMENT]Failed to parse object {"id": 1, "note": "Access denied"'],
  ['rejected-data', `[INTERNAL_ERROR]${ERRCODE}Can't create partition for NULL Range`],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}Unknown column 'Key length exceeds maximum allowed size of 255 bytes' in 'events'`],
  ['rejected-config', "[INVALID_ARGUMENT]label and group_commit can't be set at the same time"],
  ['rejected-config', '[INTERNAL_ERROR]unknown data format, format=jsn'],
  ['rejected-config', '[INTERNAL_ERROR]compress data of JSON format is not supported.'],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}Unknown column 'a' in 'events'`],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}Unknown column 'commit_time' in 'timeout'`],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}Column has no default value, column=a`],
  ['rejected-config', `[INTERNAL_ERROR]${ERRCODE}Column count doesn't match value count`],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}unknown database, database=db1`],
  ['rejected-config', `[NOT_FOUND]${ERRCODE}unknown table, tableName=events`],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}Label format error. regex: ^[-_A-Za-z0-9:]{1,128}$, label: a.b`],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}Access denied for user 'loader'@'10.0.0.9' (using password: YES)`],
  ['rejected-config', '[NOT_AUTHORIZED]no valid Basic authorization'],
  ['rejected-config', `[ANALYSIS_ERROR]${ERRCODE}Invalid timeout: 999999`],
  [
    'rejected-config',
    "body size 11000000000 exceed BE's conf `streaming_load_max_mb` 10737418240. increase it if you are sure this load is reasonable",
  ],
  ['rejected-config', `[INTERNAL_ERROR]${ERRCODE}too many aborted txn for label=x`],
  ['overload', `[ANALYSIS_ERROR]${ERRCODE}current running txns on db 10086 is 1000, larger than limit 1000`],
  ['overload', '[INTERNAL_ERROR]tablet error: [E-235]failed to init rowset builder. version count: 2001, exceed limit: 2000'],
  ['overload', '[INTERNAL_ERROR]tablet writer write failed, tablet_id=1, txn_id=2, err=-235'],
  ['overload', '[INTERNAL_ERROR]TOO_MANY_VERSION'],
  ['overload', '[E-238]TOO_MANY_SEGMENTS'],
  ['overload', '[CANCELLED]cancelled: [E-235]too many versions'],
  ['overload', '[MEM_LIMIT_EXCEEDED]Process memory not enough'],
  ['overload', '[CANCELLED][MEM_LIMIT_EXCEEDED]query memory is over'],
  ['overload', '[MEM_ALLOC_FAILED]Allocator sys memory check failed'],
  ['overload', '[INTERNAL_ERROR]FETCH_MEMORY_EXCEEDED'],
  ['overload', '[DISK_REACH_CAPACITY_LIMIT]disk /data exceed capacity limit'],
  ['overload', '[E-223]NO_AVAILABLE_ROOT_PATH'],
  [
    'overload',
    '[EXCEEDED_LIMIT]There is no space for group commit stream load async WAL. This stream load size is 2000. WAL dir info: /data/wal',
  ],
  ['overload', `[ANALYSIS_ERROR]${ERRCODE}Database [db1] data size exceeds quota[1.0 TB]`],
  [
    'unavailable',
    `[INTERNAL_ERROR]TStatus: errCode = 3, detailMessage = tablet 10 alive replica num 0 < quorum replica num 1, alive backends: []`,
  ],
  // regression-test/suites/cloud_p0: what a user without the privilege is told.
  [
    'rejected-config',
    `[ANALYSIS_ERROR]${ERRCODE}the user is not granted permission to the compute group, ComputeGroupException: CURRENT_USER_NO_AUTH_TO_USE_ANY_COMPUTE_GROUP`,
  ],
  ['rejected-config', `[INTERNAL_ERROR]${ERRCODE}ComputeGroupException: CURRENT_COMPUTE_GROUP_NOT_EXIST`],
  ['unavailable', `[INTERNAL_ERROR]${ERRCODE}ComputeGroupException: COMPUTE_GROUPS_NO_ALIVE_BE`],
  ['unavailable', `[INTERNAL_ERROR]${ERRCODE}ComputeGroupException: CURRENT_COMPUTE_GROUP_NO_BE`],
  ['unavailable', 'No backend load available.'],
  ['unavailable', 'insert table 10 is blocked on schema change'],
  ['unknown', `[ANALYSIS_ERROR]${ERRCODE}get tableList write lock timeout, tableList=(Table [id=1, name=events, type=OLAP])`],
  ['unknown', '[THRIFT_RPC_ERROR]failed to call frontend service, FE address=10.0.0.1:9020, reason: Access denied by peer'],
  ['unknown', '[NOT_MASTER]FE is not master'],
  ['unknown', '[SERVICE_UNAVAILABLE]Have not get FE Master heartbeat yet'],
  ['unknown', `[ANALYSIS_ERROR]${ERRCODE}transaction [7] not found`],
  ['unknown', `[ANALYSIS_ERROR]${ERRCODE}transaction [7] is already aborted. abort reason: timeout by txn manager`],
  ['unknown', `[INTERNAL_ERROR]${ERRCODE}errCode = 2, detailMessage = already committed`],
  ['unknown', '[INTERNAL_ERROR]coordinate BE is down'],
  ['unknown', '[INTERNAL_ERROR]cancelled: closed'],
  ['unknown', '[INTERNAL_ERROR]cancelled: sender is gone'],
  ['unknown', '[CANCELLED]cancelled'],
  ['unknown', '[TIMEOUT]rpc timed out'],
  ['unknown', '[INTERNAL_ERROR]publish version failed'],
  ['unknown', '[INTERNAL_ERROR]something that no table lists'],
  ['unknown', ''],
];

describe('a Fail', () => {
  it.each(FAILURES)('means %s when Doris says: %s', (kind, message) => {
    expect(verdict(failure(message)).kind).toBe(kind);
  });

  it.each(['[THRIFT_RPC_ERROR]failed to call frontend service', '[INTERNAL_ERROR]something that no table lists'])(
    'before any of the body (%s) means unavailable: nobody can have stored it',
    (message) => {
      expect(verdict(failure(message), { bodyBegun: false }).kind).toBe('unavailable');
    },
  );

  it.each([
    ['[INTERNAL_ERROR]stream load 2pc is unsupported for mow table', 'set DORIS_LOAD_MODE to labelled'],
    [
      '[INTERNAL_ERROR]cancelled: closed',
      'some releases say so when more than 50 bad rows come first; be.INFO of the backend has the reason',
    ],
  ])('of which the reason does not say what to do (%s) gets it said', (message, advice) => {
    expect(verdict(failure(message))).toMatchObject({ reason: `${message} - ${advice}` });
  });

  it('without a message is unknown', () => {
    expect(verdict({ Status: 'Fail' })).toEqual({ kind: 'unknown', reason: 'Doris reports Fail without a message' });
  });

  it('over rows brings their counts, the first error, the address of the others and the transaction', () => {
    const refused = failure('[DATA_QUALITY_ERROR]too many filtered rows', {
      TxnId: 18,
      NumberFilteredRows: 1,
      ErrorURL: 'http://10.0.0.9:8040/api/_load_error_log?file=__shard_0/error_log_x',
      FirstErrorMsg: 'column(a) values is null while columns is not nullable.',
    });

    expect(verdict(refused)).toEqual({
      kind: 'rejected-data',
      firstError: 'column(a) values is null while columns is not nullable.',
      errorUrl: 'http://10.0.0.9:8040/api/_load_error_log?file=__shard_0/error_log_x',
      message: '[DATA_QUALITY_ERROR]too many filtered rows',
      counted: { total: 2, filtered: 1 },
      txnId: 18,
    });
  });

  it('over rows under another label is unknown: it must not blame these', () => {
    expect(verdict(failure('[DATA_QUALITY_ERROR]too many filtered rows', { Label: 'other' })).kind).toBe('unknown');
  });
});

describe('a success', () => {
  it('is committed when it echoes the label and counts every row', () => {
    expect(verdict(report())).toEqual({ kind: 'committed', how: 'loaded', txnId: 7 });
  });

  it('that is published later is committed: the transaction is durable', () => {
    const later = report({
      Status: 'Publish Timeout',
      Message: '[PUBLISH_TIMEOUT]transaction commit successfully, BUT data will be visible later',
    });

    expect(verdict(later)).toEqual({ kind: 'committed', how: 'publish-timeout', txnId: 7 });
  });

  it.each<readonly [string, Change, string, string]>([
    ['another label', { Label: 'group_commit_0a1b' }, 'label group_commit_0a1b is echoed', 'by label'],
    [
      'another label and other rows',
      { Label: 'x', NumberLoadedRows: 9 },
      'label x is echoed, 9 of 2 rows are counted as loaded',
      'by label',
    ],
    ['group commit', { GroupCommit: true }, 'group commit was applied', 'other rows'],
    ['group commit under its own label', { GroupCommit: true, Label: 'g' }, 'label g is echoed, group commit was applied', 'other rows'],
    [
      'filtered rows',
      { NumberFilteredRows: 1, NumberLoadedRows: 1 },
      '1 of 2 rows are counted as loaded, 1 rows are filtered',
      'other rows',
    ],
    ['fewer rows', { NumberLoadedRows: 1 }, '1 of 2 rows are counted as loaded', 'other rows'],
    ['more rows', { NumberLoadedRows: 3 }, '3 of 2 rows are counted as loaded', 'other rows'],
    ['unselected rows', { NumberUnselectedRows: 2 }, '2 rows are unselected', 'other rows'],
    ['fewer rows, held back', { NumberLoadedRows: 1, TwoPhaseCommit: 'true' }, '1 of 2 rows are counted as loaded', 'held back'],
  ])('with %s is a breach', (_, change, what, leaves) => {
    expect(verdict(report(change))).toEqual({ kind: 'breach', what, leaves });
    expect(verdict(report({ ...change, Status: 'Publish Timeout' }))).toEqual({ kind: 'breach', what, leaves });
  });

  it.each([['Label'], ['NumberLoadedRows']])('without %s is unknown: nothing ties it to the load', (field) => {
    const { [field]: _, ...rest } = report();

    expect(verdict(rest).kind).toBe('unknown');
  });

  it('with only the fields that tie it to the load is committed', () => {
    expect(verdict({ Status: 'Success', Label: LABEL, NumberLoadedRows: 2 })).toEqual({
      kind: 'committed',
      how: 'loaded',
      txnId: undefined,
    });
  });
});

describe('an existing label', () => {
  const exists = (change: Change) =>
    failure('[LABEL_ALREADY_EXISTS]TStatus: errCode = 2, detailMessage = Label [l] has already been used, relate to txn [41]', {
      TxnId: -1,
      Status: 'Label Already Exists',
      ...change,
    });

  it('whose job is finished is committed by its earlier transaction', () => {
    expect(verdict(exists({ ExistingJobStatus: 'FINISHED' }))).toEqual({ kind: 'committed', how: 'already-loaded', txnId: 41 });
  });

  it('whose job is running is running', () => {
    expect(verdict(exists({ ExistingJobStatus: 'RUNNING' })).kind).toBe('running');
  });

  it('whose job is precommitted waits for a commit of its transaction', () => {
    expect(verdict(exists({ ExistingJobStatus: 'PRECOMMITTED' }))).toEqual({ kind: 'precommitted', txnId: 41 });
  });

  it.each<readonly [string, Change]>([
    ['is empty, as in cloud mode,', { ExistingJobStatus: '' }],
    ['is left out', {}],
    ['is not known', { ExistingJobStatus: 'PAUSED' }],
  ])('whose job status %s is left to the label state', (_, change) => {
    expect(verdict(exists(change)).kind).toBe('unknown');
  });

  it('in a reply about another label is unknown', () => {
    expect(verdict(exists({ ExistingJobStatus: 'FINISHED', Label: 'other' })).kind).toBe('unknown');
  });
});

// Reference 1.1: the frontend answers everything with HTTP 200.
type Answer = readonly [Verdict['kind'], Change];
const REFUSALS: readonly Answer[] = [
  ['rejected-config', { msg: 'Unauthorized', code: 401, data: 'Need auth information.', count: 0 }],
  [
    'rejected-config',
    { msg: 'Unauthorized', code: 401, data: "Access denied for user 'loader'@'10.0.0.9' (using password: YES)", count: 0 },
  ],
  ['rejected-config', { msg: 'Bad Request', code: 403, data: 'whatever', count: 0 }],
  ['rejected-config', { msg: 'Not Found', code: 404, data: 'whatever', count: 0 }],
  ['rejected-config', { status: 'FAILED', msg: 'There is no 100-continue header' }],
  ['rejected-config', { status: 'FAILED', msg: 'No database selected.' }],
  ['rejected-config', { status: 'FAILED', msg: 'No table selected.' }],
  ['rejected-config', { status: 'FAILED', msg: 'No cloud cluster name selected.' }],
  ['rejected-config', { status: 'FAILED', msg: 'Access denied; you need (at least one of) the (LOAD) privilege(s) for this operation' }],
  ['rejected-config', { status: 'FAILED', msg: 'Database not found.' }],
  ['rejected-config', { status: 'FAILED', msg: 'OlapTable not found.' }],
  ['rejected-config', { status: 'FAILED', msg: 'database is invalid for dbName: db1' }],
  ['rejected-config', { status: 'FAILED', msg: 'public endpoint is null, please check be public endpoint config' }],
  ['rejected-config', { status: 'FAILED', msg: 'Invalid header host: fe:8030:1' }],
  ['unavailable', { status: 'FAILED', msg: 'No backend load available., policy: computeNode=false' }],
  ['unavailable', { status: 'FAILED', msg: 'No backend available for load, please check the status of your backends., policy: x' }],
  ['unavailable', { status: 'FAILED', msg: 'insert table 10 is blocked on schema change' }],
];
const OTHER_ANSWERS: readonly Answer[] = [
  ['unavailable', { status: 'FAILED', msg: 'something that no table lists' }],
  ['unavailable', { msg: 'Error', code: 1, data: 'errCode = 2, detailMessage = something', count: 0 }],
  ['unavailable', { msg: 'Internal Error', code: 500, data: 'NullPointerException', count: 0 }],
  ['unavailable', { msg: 'Service Unavailable', code: 503, data: 'not ready', count: 0 }],
  ['unavailable', { status: 'FAILED', msg: '[DATA_QUALITY_ERROR]a frontend never reads rows' }],
  ['unavailable', { msg: 'success', code: 0, data: 'VISIBLE', count: 0 }],
  ['unavailable', { status: 'OK', msg: 'Success' }],
];

describe('a frontend that refuses a load', () => {
  it.each(REFUSALS)('has begun nothing though a proxy took the body first (%s, %j)', (kind, body) => {
    expect(verdict(body, { bodyBegun: true, atFrontend: true })).toMatchObject({ kind, nothingBegun: true });
    expect(verdict(body, { bodyBegun: true })).not.toHaveProperty('nothingBegun');
  });

  it.each(OTHER_ANSWERS)('in words that nobody has described leaves what became of the body unknown (%s, %j)', (_, body) => {
    expect(verdict(body, { bodyBegun: true, atFrontend: true })).toEqual({ kind: 'unknown', reason: expect.any(String) });
  });
});

describe('a frontend that answers instead of redirecting', () => {
  it.each([...REFUSALS, ...OTHER_ANSWERS])('means %s with %j', (kind, body) => {
    expect(verdict(body, { bodyBegun: false }).kind).toBe(kind);
  });

  it('leaves a load unknown when it fails for an undescribed reason after the body began', () => {
    expect(verdict({ status: 'FAILED', msg: 'something that no table lists' }, { bodyBegun: true }).kind).toBe('unknown');
  });

  it('leaves a load unknown when it answers something else after the body began', () => {
    expect(verdict({ status: 'OK', msg: 'Success' }, { bodyBegun: true }).kind).toBe('unknown');
  });
});

describe('another HTTP status', () => {
  it.each([
    [429, 'overload', 'overload'],
    [500, 'unavailable', 'unknown'],
    [502, 'unavailable', 'unknown'],
    [503, 'unavailable', 'unknown'],
    [504, 'unavailable', 'unknown'],
    [408, 'unavailable', 'unknown'],
    [400, 'rejected-config', 'rejected-config'],
    [401, 'rejected-config', 'rejected-config'],
    [403, 'rejected-config', 'rejected-config'],
    [404, 'rejected-config', 'rejected-config'],
    [413, 'rejected-config', 'rejected-config'],
    [417, 'rejected-config', 'rejected-config'],
    [302, 'rejected-config', 'rejected-config'],
    [201, 'unavailable', 'unknown'],
    [204, 'unavailable', 'unknown'],
  ] as const)('%i means %s before the body and %s after it began, whatever the reply says', (status, before, after) => {
    expect(verdict(report(), { status, bodyBegun: false }).kind).toBe(before);
    expect(verdict(report(), { status, bodyBegun: true }).kind).toBe(after);
  });
});

describe('a reply that Doris never sends', () => {
  it.each<readonly [string, string]>([
    ['nothing', ''],
    ['a page', '<html><body>Success</body></html>'],
    ['JSON cut short', JSON.stringify(report()).slice(0, -5)],
    ['a list', '[{"Status":"Success"}]'],
    ['null', 'null'],
    ['a text', '"Success"'],
    ['no known field', '{"ok":true}'],
    ['a status of another type', '{"Status":true,"Label":"x"}'],
    ['a status of another spelling', JSON.stringify(report({ Status: 'success' }))],
    ['bytes that are no text', '\u0000\u0001\uFFFD'],
  ])('with %s is unknown', (_, body) => {
    expect(judge(reply(body), { label: LABEL, rows: 2 }, 'labelled').kind).toBe('unknown');
  });

  it('longer than a megabyte is unknown even when what was read of it looks like success', () => {
    expect(verdict(report(), { cut: true }).kind).toBe('unknown');
  });

  it('packed though identity was asked for is unpacked', () => {
    const packed = reply(gzipSync(JSON.stringify(report())), { headers: { 'content-encoding': 'gzip' } });

    expect(judge(packed, { label: LABEL, rows: 2 }, 'labelled').kind).toBe('committed');
  });

  it('that unpacks into more than a megabyte is unknown', () => {
    const bomb = reply(gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)), { headers: { 'content-encoding': 'gzip' } });

    expect(judge(bomb, { label: LABEL, rows: 2 }, 'labelled').kind).toBe('unknown');
  });

  it('packed in a way that nobody asked for is unknown', () => {
    const packed = reply(JSON.stringify(report()), { headers: { 'content-encoding': 'gzip' } });

    expect(judge(packed, { label: LABEL, rows: 2 }, 'labelled').kind).toBe('unknown');
  });
});

describe('a megabyte of hostile text', () => {
  it.each([
    ['quota '.repeat(170_000)],
    ['{ '.repeat(500_000)],
    [`[CANCELLED]${'cancelled '.repeat(100_000)}`],
    [`src value ${'('.repeat(1_000_000)}`],
    ['//'.repeat(500_000)],
  ])('is judged without effort: %.12s..', (text) => {
    expect(['unknown', 'overload']).toContain(verdict(failure(text)).kind);
  });
});

describe('an answer that is none of Doris', () => {
  it.each<[string, string | Uint8Array]>([
    ['a page of a proxy', '<html>maintenance</html>'],
    ['nothing', ''],
    ['half a report', '{"Status":"Suc'],
    ['an array', '[]'],
    ['an object of other fields', '{}'],
  ])('(%s) means unavailable before the body, since nobody can have stored it, and unknown after it began', (_, body) => {
    expect(judge(reply(body, { bodyBegun: false }), { label: LABEL, rows: 2 }, 'labelled').kind).toBe('unavailable');
    expect(judge(reply(body, { bodyBegun: true }), { label: LABEL, rows: 2 }, 'labelled').kind).toBe('unknown');
  });
});
