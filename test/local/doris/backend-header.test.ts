import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { AUTH, exchange, LOAD_HEADERS, type LoadReply, loadAtBackend, raw } from './support/client.ts';
import { backendUrl, rowsIn, startTestDoris } from './support/doris.ts';

// Reference 2: what a backend decides before it lets the body come.

const ROW = '{"k": 1, "v": "one"}\n';
const LOAD = '/api/db/t/_stream_load';

/** The exchange itself, to see whether the server asked for the body. */
async function offer(
  doris: DorisStandIn,
  headers: Readonly<Record<string, string>>,
  path = LOAD,
): Promise<{ readonly continued: boolean; readonly closed: boolean; readonly reply: LoadReply }> {
  const answer = await exchange(`${backendUrl(doris)}${path}`, { method: 'PUT', headers: { ...LOAD_HEADERS, ...headers }, body: ROW });
  expect(answer.status).toBe(200);
  return { continued: answer.continued, closed: answer.headers.connection === 'close', reply: JSON.parse(answer.text) };
}

describe('a load that its headers already doom', () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    doris = await startTestDoris({ behaviour: { jsonMaxBytes: 1000, maxBytes: 2000 } });
  });
  afterAll(() => doris.close());

  it('is answered without 100 Continue and with a closed connection (1.5)', async () => {
    const { continued, closed, reply } = await offer(doris, { format: 'txt' });

    expect(continued).toBe(false);
    expect(closed).toBe(true);
    expect(reply).toMatchObject({
      TxnId: -1,
      Status: 'Fail',
      Message: '[DATA_FILE_TYPE_ERROR]unknown data format, format=txt',
      NumberTotalRows: 0,
      LoadBytes: 0,
    });
  });

  it.each([
    [
      'a group_commit that is none (2.3)',
      { group_commit: 'maybe' },
      '[INVALID_ARGUMENT]group_commit can only be [async_mode, sync_mode, off_mode]',
    ],
    ['no Authorization (2.1 step 4)', { Authorization: '' }, '[NOT_AUTHORIZED]no valid Basic authorization'],
    [
      'a scheme in small letters (2.1 step 4)',
      { Authorization: AUTH.Authorization.replace('Basic', 'basic') },
      '[NOT_AUTHORIZED]no valid Basic authorization',
    ],
    [
      'an unknown compression of CSV (2.2)',
      { format: 'csv', compress_type: 'zstd' },
      '[DATA_FILE_TYPE_ERROR]unknown data format, format=csv',
    ],
    ['a timeout that is no number (2.2)', { timeout: 'soon' }, '[INVALID_ARGUMENT]timeout must be an integer, stoi'],
    [
      'a timeout out of range (2.2)',
      { timeout: '259201' },
      '[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = Invalid timeout: 259201',
    ],
    [
      'a wrong password (2.1 step 9)',
      { Authorization: `Basic ${Buffer.from('root:no').toString('base64')}` },
      "[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = Access denied for user 'root'@'127.0.0.1' (using password: YES)",
    ],
    [
      'a dot in its label (4)',
      { label: 'events.v1' },
      '[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = Label format error. regex: ^[-_A-Za-z0-9:]{1,128}$, label: events.v1',
    ],
  ])('fails on %s without a transaction', async (_what, headers, message) => {
    const { continued, reply } = await offer(doris, headers);

    expect(continued).toBe(false);
    expect(reply).toMatchObject({ TxnId: -1, Status: 'Fail', Message: message });
  });

  it('fails on an unknown database or table, which the FE let through (1.1, 2.1 step 9)', async () => {
    const database = await offer(doris, {}, '/api/nodb/t/_stream_load');
    const table = await offer(doris, {}, '/api/db/nope/_stream_load');

    expect(database.reply).toMatchObject({
      TxnId: -1,
      Status: 'Fail',
      Message: expect.stringContaining('unknown database, database=nodb'),
    });
    expect(table.reply).toMatchObject({ TxnId: -1, Status: 'Fail', Message: expect.stringContaining('unknown table, tableName=nope') });
  });

  it('takes a label of 128 characters and refuses one of 129 (4)', async () => {
    const longest = await offer(doris, { label: 'a'.repeat(128) });
    const tooLong = await offer(doris, { label: 'a'.repeat(129) });

    expect(longest.reply).toMatchObject({ Status: 'Success', Label: 'a'.repeat(128) });
    expect(tooLong.reply).toMatchObject({ TxnId: -1, Status: 'Fail', Message: expect.stringContaining('Label format error') });
  });

  it('checks format before size, size before framing, framing before the label (2.1)', async () => {
    const head = (lines: readonly string[]) =>
      `PUT ${LOAD} HTTP/1.1\r\nHost: be\r\nAuthorization: ${AUTH.Authorization}\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`;
    const message = async (...lines: readonly string[]) => /"Message": "(.*)"/.exec(await raw(backendUrl(doris), head(lines)))?.[1];

    expect(await message('format: txt', 'Content-Length: 5000')).toContain('unknown data format');
    expect(await message('Content-Length: 5000', 'Transfer-Encoding: chunked')).toContain('exceed BE');
    expect(await message('label: a.b')).toContain('content_length is empty');
  });

  it('limits a whole JSON document by one setting and everything else by another, in bytes (2.4)', async () => {
    const head = (bytes: number, ...lines: readonly string[]) =>
      [
        'PUT /api/db/t/_stream_load HTTP/1.1',
        'Host: be',
        `Authorization: ${AUTH.Authorization}`,
        `Content-Length: ${bytes}`,
        'Expect: 100-continue',
        ...lines,
        '',
        '',
      ].join('\r\n');
    const message = async (bytes: number, ...lines: readonly string[]) =>
      /"Message": "(.*)"/.exec(await raw(backendUrl(doris), head(bytes, ...lines)))?.[1];

    expect(await message(1001, 'format: json')).toBe(
      "[EXCEEDED_LIMIT]json body size 1001 exceed BE's conf `streaming_load_json_max_mb` 1000. increase it if you are sure this load is reasonable",
    );
    expect(await message(2001, 'format: json', 'read_json_by_line: true')).toBe(
      "[EXCEEDED_LIMIT]body size 2001 exceed BE's conf `streaming_load_max_mb` 2000. increase it if you are sure this load is reasonable",
    );
  });

  it('lets line mode pass the JSON limit only when the header says so (2.4)', async () => {
    const many = ROW.repeat(60);
    const said = await loadAtBackend(backendUrl(doris), 'db/t', {}, many);
    const defaulted = await loadAtBackend(backendUrl(doris), 'db/t', { read_json_by_line: '' }, many);

    expect(said).toMatchObject({ Status: 'Success', NumberLoadedRows: 60 });
    expect(defaulted).toMatchObject({ Status: 'Fail', Message: expect.stringContaining('json body size 1260 exceed') });
  });
});

describe('the framing of a body', () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    doris = await startTestDoris();
  });
  afterAll(() => doris.close());
  const headers = ['Host: be', `Authorization: ${AUTH.Authorization}`, 'Connection: close'];
  const put = (...lines: readonly string[]) => raw(backendUrl(doris), [`PUT ${LOAD} HTTP/1.1`, ...headers, ...lines, '', ''].join('\r\n'));

  it('must be given by a length or by chunks (2.4)', async () => {
    expect(await put()).toContain(
      '[INTERNAL_ERROR]content_length is empty and transfer-encoding!=chunked, please set content_length or transfer-encoding=chunked',
    );
  });

  it('must not be given by both (2.4)', async () => {
    expect(await put('Content-Length: 0', 'Transfer-Encoding: chunked')).toContain(
      '[INTERNAL_ERROR]please do not set both content_length and transfer-encoding',
    );
  });

  it('may be chunked (2.4)', async () => {
    const body = `${ROW.length.toString(16)}\r\n${ROW}\r\n0\r\n\r\n`;
    const text = await raw(
      backendUrl(doris),
      [
        `PUT ${LOAD} HTTP/1.1`,
        ...headers,
        'format: json',
        'group_commit: off_mode',
        'label: chunked-1',
        'Transfer-Encoding: chunked',
        '',
        body,
      ].join('\r\n'),
    );

    expect(text).toContain('"Label": "chunked-1"');
    expect(text).toContain('"NumberLoadedRows": 1,');
  });

  it('is taken at once from a client that asks for no 100 Continue: the backend does not look at Expect (1.5)', async () => {
    const answer = await exchange(`${backendUrl(doris)}${LOAD}`, { method: 'PUT', headers: LOAD_HEADERS, body: ROW, eager: true });

    expect(answer.continued).toBe(false);
    expect(JSON.parse(answer.text)).toMatchObject({ Status: 'Success', NumberLoadedRows: 1, LoadBytes: 21 });
  });

  it('may be empty, which really opens and commits a transaction (2.4)', async () => {
    const reply = await loadAtBackend(backendUrl(doris), 'db/t', { label: 'empty-1' }, '');

    expect(reply).toMatchObject({ Status: 'Success', Label: 'empty-1', NumberTotalRows: 0, LoadBytes: 0 });
    expect(reply.TxnId).toBeGreaterThan(0);
    expect(doris.transactions('db').find(({ label }) => label === 'empty-1')?.state).toBe('VISIBLE');
  });

  it('gives way to the answer when a refused client sends on regardless (1.5)', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 0x20);
    const answer = await exchange(`${backendUrl(doris)}${LOAD}`, {
      method: 'PUT',
      headers: { ...LOAD_HEADERS, format: 'txt' },
      body,
      eager: true,
    });

    expect(JSON.parse(answer.text)).toMatchObject({ Status: 'Fail', Message: '[DATA_FILE_TYPE_ERROR]unknown data format, format=txt' });
    expect(answer.headers.connection).toBe('close');
  });

  it('may be gzip, for JSON and for CSV, and is counted as it came (2.2, 2.4)', async () => {
    const json = gzipSync(ROW);
    const csv = gzipSync('7\tseven\n');
    const first = await loadAtBackend(backendUrl(doris), 'db/t', { compress_type: 'gz' }, json);
    const second = await loadAtBackend(backendUrl(doris), 'db/t', { format: 'csv', compress_type: 'GZ' }, csv);

    expect(first).toMatchObject({ Status: 'Success', NumberLoadedRows: 1, LoadBytes: json.length });
    expect(second).toMatchObject({ Status: 'Success', NumberLoadedRows: 1, LoadBytes: csv.length });
  });

  it('fails as a whole when it says gzip and is not (2.2)', async () => {
    const reply = await loadAtBackend(backendUrl(doris), 'db/t', { compress_type: 'gz', label: 'no-gzip' }, ROW);

    expect(reply).toMatchObject({ Status: 'Fail', NumberTotalRows: 0, Message: expect.stringMatching(/^\[INTERNAL_ERROR\]/) });
    expect(doris.transactions('db').find(({ label }) => label === 'no-gzip')?.state).toBe('ABORTED');
  });

  it('is read as it is when JSON names an unknown compression (2.2)', async () => {
    expect(await loadAtBackend(backendUrl(doris), 'db/t', { compress_type: 'zstd' }, ROW)).toMatchObject({
      Status: 'Success',
      NumberLoadedRows: 1,
    });
  });
});

describe('a load that fails while it is planned', () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    doris = await startTestDoris();
  });
  afterAll(() => doris.close());

  it.each([
    [{ strict_mode: 'maybe' }, '[INVALID_ARGUMENT]Invalid strict mode format. Must be bool type'],
    [{ partitions: 'p1', temporary_partitions: 'p2' }, '[INVALID_ARGUMENT]Can not specify both partitions and temporary partitions'],
    [{ exec_mem_limit: 'lots' }, '[INVALID_ARGUMENT]Invalid mem limit format, stoll'],
    [{ merge_type: 'MERGE' }, '[INVALID_ARGUMENT]Excepted DELETE ON clause when merge type is MERGE.'],
    [{ merge_type: 'other' }, '[INVALID_ARGUMENT]Invalid merge type other'],
    [{ send_batch_parallelism: 'a' }, '[INVALID_ARGUMENT]send_batch_parallelism must be an integer, stoi'],
    [{ send_batch_parallelism: '21474836471' }, '[INVALID_ARGUMENT]send_batch_parallelism out of range, stoi'],
    [{ enclose: '""', format: 'csv' }, '[INVALID_ARGUMENT]enclose must be single-char, actually is ""'],
    [{ skip_lines: '-1', format: 'csv' }, "[INVALID_ARGUMENT]Invalid 'skip_lines': -1"],
  ])('%j: leaves an aborted transaction whose id the reply names, and a free label (2.1 step 10)', async (headers, message) => {
    const label = `plan-${JSON.stringify(headers).replaceAll(/\W/g, '-')}`;
    const { continued, reply } = await offer(doris, { ...headers, label });
    const again = await offer(doris, { label });

    expect(continued).toBe(false);
    expect(reply).toMatchObject({ Status: 'Fail', Message: message, Label: label });
    expect(doris.transactions('db').find(({ txnId }) => txnId === reply.TxnId)).toMatchObject({ state: 'ABORTED', label, reason: message });
    expect(again.reply).toMatchObject({ Status: 'Success', Label: label });
  });

  it('does so for an unknown column as well (2.1 step 10)', async () => {
    const { continued, reply } = await offer(doris, { columns: 'k, v = nope + 1', label: 'unknown-column' });

    expect(continued).toBe(false);
    expect(reply.Status).toBe('Fail');
    expect(reply.TxnId).toBeGreaterThan(0);
    expect(doris.transactions('db').find(({ label }) => label === 'unknown-column')?.state).toBe('ABORTED');
  });
});

describe('the reply of a load', () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    doris = await startTestDoris();
  });
  afterAll(() => doris.close());
  const NUMBERS = ['TxnId', 'NumberTotalRows', 'NumberLoadedRows', 'NumberFilteredRows', 'NumberUnselectedRows', 'LoadBytes', 'LoadTimeMs'];
  const TIMES = [
    'BeginTxnTimeMs',
    'StreamLoadPutTimeMs',
    'ReadDataTimeMs',
    'WriteDataTimeMs',
    'ReceiveDataTimeMs',
    'CommitAndPublishTimeMs',
  ];

  it('is pretty-printed, ends in a newline and has exactly the fields of the table, two-phase commit as text (3)', async () => {
    const answer = await exchange(`${backendUrl(doris)}${LOAD}`, {
      method: 'PUT',
      headers: { ...LOAD_HEADERS, label: 'shape', comment: 'a note' },
      body: ROW,
    });
    const reply = JSON.parse(answer.text);

    expect(answer.text).toBe(`${JSON.stringify(reply, null, 4)}\n`);
    expect(reply).toMatchObject({ Label: 'shape', Comment: 'a note', TwoPhaseCommit: 'false', Status: 'Success', Message: 'OK' });
    expect(Object.keys(reply).sort()).toEqual(['Comment', 'Label', 'Message', 'Status', 'TwoPhaseCommit', ...NUMBERS, ...TIMES].sort());
    expect([...NUMBERS, ...TIMES].map((name) => typeof reply[name])).toEqual([...NUMBERS, ...TIMES].map(() => 'number'));
  });

  it('is gzip for a client that can read it, and plain for one that asks for identity (2.5)', async () => {
    const chunks: Buffer[] = [];
    const url = `${backendUrl(doris)}${LOAD}`;
    const response = await fetch(url, { method: 'PUT', headers: { ...LOAD_HEADERS, 'Accept-Encoding': 'gzip' }, body: ROW });
    chunks.push(Buffer.from(await response.arrayBuffer()));
    const plain = await exchange(url, { method: 'PUT', headers: { ...LOAD_HEADERS, 'Accept-Encoding': 'identity' }, body: ROW });
    const compressed = await raw(
      backendUrl(doris),
      `GET /nowhere HTTP/1.1\r\nHost: be\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`,
    );

    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(JSON.parse(Buffer.concat(chunks).toString()).Status).toBe('Success');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(gunzipSync(Buffer.from(compressed.slice(compressed.indexOf('\r\n\r\n') + 4), 'latin1')).toString()).toBe('Not Found');
  });

  it('makes up a label where the client gives none (2.1 step 3)', async () => {
    const first = await loadAtBackend(backendUrl(doris), 'db/t', {}, ROW);
    const second = await loadAtBackend(backendUrl(doris), 'db/t', {}, ROW);

    expect(first.Label).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(second.Label).not.toBe(first.Label);
  });

  it('counts a share of bad rows equal to the ratio as good enough, and one above it not (3.2, 9.10)', async () => {
    const before = await rowsIn(doris);
    const tenRows = `${ROW.repeat(7)}${'{broken\n'.repeat(3)}`;
    const passed = await loadAtBackend(backendUrl(doris), 'db/t', { max_filter_ratio: '0.3' }, tenRows);
    const failed = await loadAtBackend(backendUrl(doris), 'db/t', { max_filter_ratio: '0.29' }, tenRows);
    const garbled = await loadAtBackend(backendUrl(doris), 'db/t', { max_filter_ratio: 'half' }, tenRows);

    expect(passed).toMatchObject({
      Status: 'Success',
      NumberTotalRows: 10,
      NumberLoadedRows: 7,
      NumberFilteredRows: 3,
      ErrorURL: expect.any(String),
    });
    expect(failed).toMatchObject({
      Status: 'Fail',
      Message: '[DATA_QUALITY_ERROR]too many filtered rows',
      NumberTotalRows: 10,
      NumberLoadedRows: 0,
      NumberFilteredRows: 3,
    });
    expect(garbled).toMatchObject({ Status: 'Fail', Message: '[DATA_QUALITY_ERROR]too many filtered rows' });
    expect(await rowsIn(doris)).toBe(before + 7);
  });

  it('stops after more than 50 bad rows when none is allowed, and says so in other words (3.2, 9.13)', async () => {
    const fifty = await loadAtBackend(backendUrl(doris), 'db/t', {}, '{"k": null}\n'.repeat(50));
    const more = await loadAtBackend(backendUrl(doris), 'db/t', {}, '{"k": null}\n'.repeat(5000));

    expect(fifty).toMatchObject({
      Status: 'Fail',
      Message: '[DATA_QUALITY_ERROR]too many filtered rows',
      NumberTotalRows: 50,
      NumberFilteredRows: 50,
    });
    expect(more).toMatchObject({
      Status: 'Fail',
      Message: expect.stringMatching(/^\[DATA_QUALITY_ERROR\]Encountered unqualified data, stop processing\./),
    });
    expect(more.NumberTotalRows).toBeLessThan(5000);
  });

  it('points at a log of one line a bad row, readable without password (7)', async () => {
    const reply = await loadAtBackend(backendUrl(doris), 'db/t', {}, `${ROW}{"k": null}\n{"k": null}\n`);
    const log = await exchange(reply.ErrorURL ?? '');

    expect(reply.ErrorURL).toMatch(new RegExp(`^${backendUrl(doris)}/api/_load_error_log\\?file=__shard_0/error_log_insert_stmt_`));
    expect(log.headers['content-type']).toMatch(/^text\/plain/);
    expect(log.text).toMatch(/^(Reason: .*\. src line \[.*\]; \n){2}$/);
  });

  it('shows 50 reasons and says that there were more (7)', async () => {
    const reply = await loadAtBackend(backendUrl(doris), 'db/t', { max_filter_ratio: '1' }, '{"k": null}\n'.repeat(60));
    const lines = (await exchange(reply.ErrorURL ?? '')).text.split('\n');

    expect(reply).toMatchObject({ Status: 'Success', NumberTotalRows: 60, NumberFilteredRows: 60 });
    expect(lines).toHaveLength(52);
    expect(lines[50]).toBe('TOO MUCH ERROR! already reach 50. show no more next error.');
  });

  it('carries FirstErrorMsg only where it is switched on, and only on a failure (3)', async () => {
    const newest = await startTestDoris({ behaviour: { firstErrorMsg: true } });
    const failed = await loadAtBackend(backendUrl(newest), 'db/t', {}, '{"k": null}\n');
    const passed = await loadAtBackend(backendUrl(newest), 'db/t', { max_filter_ratio: '1' }, '{"k": null}\n');
    const older = await loadAtBackend(backendUrl(doris), 'db/t', {}, '{"k": null}\n');
    await newest.close();

    expect(failed['FirstErrorMsg']).toBe('column(k) values is null while columns is not nullable');
    expect(passed).not.toHaveProperty('FirstErrorMsg');
    expect(older).not.toHaveProperty('FirstErrorMsg');
  });

  it('answers 404 to any other path (2.5)', async () => {
    const answer = await exchange(`${backendUrl(doris)}/api/db/t/_nothing`, { method: 'PUT', headers: AUTH });

    expect(answer.status).toBe(404);
    expect(answer.text).toBe('Not Found');
  });
});
