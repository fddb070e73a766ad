import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Tls } from '../../../local/doris/listener.ts';
import { AUTH } from './support/client.ts';
import { startTestDoris } from './support/doris.ts';

const OPENSSL = 'openssl';

/** A certificate for 127.0.0.1, made afresh so that no key lies in the repository. */
function makeCertificate(): Tls | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'doris-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = spawnSync(OPENSSL, [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ]);
  const tls = made.status === 0 ? { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } : undefined;
  rmSync(folder, { recursive: true });
  return tls;
}

function locationOf(url: string, tls: Tls): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    get(
      `${url}/api/db/t/_stream_load`,
      { method: 'PUT', ca: tls.cert, agent: false, headers: { ...AUTH, Expect: '100-continue' } },
      (response) => {
        resolve(response.headers.location);
        response.resume();
      },
    ).on('error', reject);
  });
}

const tls = makeCertificate();

describe.skipIf(tls === undefined)('a frontend with TLS (skipped where there is no openssl to make a certificate)', () => {
  const certificate: Tls = tls ?? { key: '', cert: '' };

  it('sends clients to https on the backend port, which speaks TLS then, until 4.0 (1.2)', async () => {
    const doris = await startTestDoris({ tls: certificate });
    const location = await locationOf(doris.feUrl, certificate);
    const [backend = ''] = doris.beUrls;
    await doris.close();

    expect(doris.feUrl).toMatch(/^https:/);
    expect(backend).toMatch(/^https:/);
    expect(location).toBe(`https://root:@${new URL(backend).host}/api/db/t/_stream_load?`);
  });

  it('sends clients from https down to http in the newest form (1.2)', async () => {
    const doris = await startTestDoris({ tls: certificate, behaviour: { redirectForm: 'newest' } });
    const location = await locationOf(doris.feUrl, certificate);
    const [backend = ''] = doris.beUrls;
    await doris.close();

    expect(doris.feUrl).toMatch(/^https:/);
    expect(location).toBe(`http://root:@${new URL(backend).host}/api/db/t/_stream_load`);
  });
});
