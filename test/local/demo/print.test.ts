import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpointsText } from '../../../local/demo/print.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';
import { listenOnLoopback } from '../../../local/loopback.ts';

const hasCurl = spawnSync('curl', ['--version']).status === 0;
let doris: DorisStandIn;
beforeEach(async () => {
  doris = await startDoris({ user: 'loader', password: 'local-only' });
  await doris.query('CREATE DATABASE demo');
  await doris.query('CREATE TABLE `a-b` (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1', 'demo');
  await doris.query('INSERT INTO `a-b` VALUES (1), (2)', 'demo');
});
afterEach(() => doris.close());

describe('the endpoints of a stack that stays up', () => {
  it.skipIf(!hasCurl)(
    'come with commands that list the tables and count the rows of the real one (skipped where there is no curl)',
    async () => {
      const text = endpointsText({ doris, env: {}, deadLetterQueueUrl: 'http://queue' }, 'a-b');
      const commands = text.split('\n').filter((line) => line.startsWith('curl '));

      const replies = await Promise.all(commands.map((command) => promisify(execFile)('sh', ['-c', `${command} -s`])));

      expect(replies.map(({ stdout }) => JSON.parse(stdout).data.data)).toEqual([[['a-b']], [['2']]]);
    },
  );

  it.skipIf(!hasCurl)('name the endpoint of Iggy with a command that posts a file to it as http_sink does', async () => {
    const requests: Pick<IncomingMessage, 'method' | 'headers'>[] = [];
    const server = await listenOnLoopback(
      createServer((request, response) => {
        requests.push(request);
        request.resume().on('end', () => response.end());
      }),
    );
    const cwd = await mkdtemp(join(tmpdir(), 'entrance-'));
    await writeFile(join(cwd, 'BODY.json'), '[]');
    const entrance = { url: server.endpoint, apiKey: 'k-123', queueUrl: 'http://queue/iggy' };

    const lines = endpointsText({ doris, env: {}, deadLetterQueueUrl: 'http://queue' }, 'a-b', entrance).split('\n');
    await promisify(execFile)('sh', ['-c', `${lines.find((line) => line.includes('x-api-key'))} -s`], { cwd });

    expect(lines.join()).toContain('http://queue/iggy');
    expect(requests).toMatchObject([
      { method: 'POST', headers: { 'x-api-key': 'k-123', 'content-type': 'application/json', 'content-length': '2' } },
    ]);
    await rm(cwd, { recursive: true });
    await server.close();
  });
});
