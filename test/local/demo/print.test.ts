import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpointsText } from '../../../local/demo/print.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';

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
});
