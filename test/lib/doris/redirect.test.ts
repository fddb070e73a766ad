import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Redirect, type RedirectRules, redirectTo } from '../../../lib/doris/redirect.ts';
import { parseRedirectHosts } from '../../../lib/doris/redirect-policy.ts';

const FE = new URL('http://fe1:8030/api/db1/events/_stream_load');

function rules(change: Partial<RedirectRules> & { hosts?: string } = {}): RedirectRules {
  return {
    redirects: parseRedirectHosts(change.hosts ?? ''),
    frontends: [new URL('http://fe1:8030'), new URL('http://fe2:8030')],
    allowInsecureRedirect: false,
    backendAddresses: new Map(),
    ...change,
  };
}

const to = (location: string | undefined, change?: Parameters<typeof rules>[0], from = FE, asked = ''): Redirect =>
  redirectTo(location, { asked, visited: [from] }, rules(change));
const hrefOf = (redirect: Redirect) => (redirect.kind === 'follow' ? redirect.url.href : redirect.reason);

describe('a redirect', () => {
  it('is followed without the user and password in it', () => {
    expect(hrefOf(to('http://loader:p%40ss@be1:8040/api/db1/events/_stream_load?', { hosts: 'be1' }))).toBe(
      'http://be1:8040/api/db1/events/_stream_load?',
    );
  });

  it('keeps path and query as they are encoded', () => {
    expect(hrefOf(to('http://be1:8040/api/d%2Fb/t/_stream_load_forward?forward_to=10.0.0.1:8040&k=a%2Bb', { hosts: 'be1' }))).toBe(
      'http://be1:8040/api/d%2Fb/t/_stream_load_forward?forward_to=10.0.0.1:8040&k=a%2Bb',
    );
  });

  it('may lead to any port of a frontend when no hosts are listed', () => {
    expect(to('http://fe2:8040/x').kind).toBe('follow');
    expect(to('http://be1:8040/x').kind).toBe('refuse');
  });

  it('may lead to a frontend itself, but no more to its other ports, when hosts are listed', () => {
    expect(to('http://fe2:8030/x', { hosts: 'be1' }).kind).toBe('follow');
    expect(to('http://fe2:8040/x', { hosts: 'be1' }).kind).toBe('refuse');
  });

  it('from https to http is refused unless that is allowed in so many words', () => {
    const from = new URL('https://fe1:8030/x');

    expect(to('http://fe1:8040/x', {}, from).kind).toBe('refuse');
    expect(to('http://fe1:8040/x', { allowInsecureRedirect: true }, from).kind).toBe('follow');
    expect(to('https://fe1:8040/x', {}, from).kind).toBe('follow');
  });

  it('goes to the address that a backend is reached at, and that address is what has to be allowed', () => {
    const backendAddresses = new Map([['10.0.0.9:8040', 'nat.example:18040']]);

    expect(hrefOf(to('http://loader:x@10.0.0.9:8040/x?a=1', { backendAddresses, hosts: 'nat.example' }))).toBe(
      'http://nat.example:18040/x?a=1',
    );
    expect(to('http://10.0.0.9:8040/x', { backendAddresses, hosts: '10.0.0.9' }).kind).toBe('refuse');
  });

  it.each<readonly [string, string | undefined, string]>([
    ['without Location', undefined, 'it has no Location'],
    ['with an empty Location', '  ', 'it has no Location'],
    ['with a path only', '/api/db1/events/_stream_load', 'its Location is relative'],
    ['without a scheme', '//be1:8040/x', 'its Location is relative'],
    ['to another scheme', 'ftp://be1/x', 'neither http:// nor https://'],
    ['to a script', 'javascript:alert(1)', 'neither http:// nor https://'],
    ['to a file', 'file:///etc/passwd', 'neither http:// nor https://'],
    ['without slashes', 'http:be1:8040/x', 'neither http:// nor https://'],
    ['whose port is no port', 'http://be1:999999/x', 'its Location is malformed'],
    ['whose host is empty', 'http:///', 'its Location is malformed'],
    ['to a foreign host', 'http://evil.example:8040/x', 'evil.example:8040 may not receive credentials'],
    ['to a foreign host behind a familiar user', 'http://fe1:8030@evil.example/x', 'evil.example may not receive credentials'],
    ['to a foreign host behind a backslash', 'http://evil.example\\@fe1:8030/x', 'evil.example may not receive credentials'],
    ['to a foreign host with a familiar beginning', 'http://fe1.evil.example:8030/x', 'fe1.evil.example:8030 may not receive credentials'],
    ['back to where it came from', FE.href, 'it leads back to fe1:8030'],
  ])('%s is refused with its reason', (_, location, reason) => {
    const outcome = to(location);

    expect(outcome.kind).toBe('refuse');
    expect(hrefOf(outcome)).toMatch(/^redirect from fe1:8030 refused: /);
    expect(hrefOf(outcome)).toContain(reason);
  });

  it('tells which setting lets a host have credentials', () => {
    expect(hrefOf(to('http://be1:8040/x'))).toContain('add it to DORIS_REDIRECT_HOSTS');
  });

  it.each([
    ['/api/db1/events/_stream_load', 'http://fe2:8040/api/db1/events/_stream_load?'],
    ['/api/db1/events/_stream_load', 'http://fe2:8040/doris/api/db1/events/_stream_load'],
    ['/api/db1/events/_stream_load', 'http://fe2:8040/api/db1/events/_stream_load_forward?forward_to=10.0.0.1:8040'],
    ['/api/db1/%C3%A4%2Db/_stream_load', 'http://fe2:8040/api/db1/ä-b/_stream_load'],
    ['/api/db1/get_load_state?label=a:1', 'http://fe2:8030/api/db1/get_load_state?label=a%3A1'],
  ])('that asks for the same is followed: %s to %s', (asked, location) => {
    expect(to(location, {}, FE, asked).kind).toBe('follow');
  });

  it.each([
    ['/api/db1/events/_stream_load', 'http://fe2:8040/api/db1/other/_stream_load'],
    ['/api/db1/events/_stream_load', 'http://fe2:8040/api/db2/events/_stream_load'],
    ['/api/db1/events/_stream_load', 'http://fe2:8040/api/xdb1/events/_stream_load'],
    ['/api/db1/events/_stream_load', 'http://fe2:8040/api/db1/events/_stream_load/..%2F_stream_load_2pc'],
    ['/api/db1/events/_stream_load', 'http://fe2:8040/%ZZ/api/db1/events/_stream_load'],
    ['/api/db1/events/_stream_load', 'http://fe2:8040/login?next=/api/db1/events/_stream_load'],
    ['/api/db1/get_load_state?label=a', 'http://fe2:8030/api/db1/get_load_state?label=b'],
    ['/api/db1/get_load_state?label=a', 'http://fe2:8030/api/db1/get_load_state'],
    ['/api/db1/get_load_state?label=a', 'http://fe2:8030/api/db1/get_load_state?label=a&label=b'],
  ])('that asks for something else is refused: %s to %s', (asked, location) => {
    expect(hrefOf(to(location, {}, FE, asked))).toContain('refused: it asks for something else');
  });

  it('is the last one after five', () => {
    const urls = [1, 2, 3, 4, 5, 6].map((n) => new URL(`http://fe1:8030/${n}`));
    const [first, ...rest] = urls as [URL, ...URL[]];

    expect(redirectTo('http://fe1:8030/x', { asked: '/x', visited: [first, ...rest.slice(0, 4)] }, rules()).kind).toBe('follow');
    expect(redirectTo('http://fe1:8030/x', { asked: '/x', visited: [first, ...rest] }, rules())).toEqual({
      kind: 'refuse',
      reason: 'redirect from fe1:8030 refused: more than 5 redirects in a row',
    });
  });

  it('never quotes a password, and never carries one on', () => {
    const secret = fc.stringMatching(/^[A-Z0-9]{12}$/);
    const host = fc.constantFrom('fe1:8030', 'be1:8040', 'evil.example', 'be1:999999', '[::1', '', '..');
    const before = fc.constantFrom('http://', 'https://', 'ftp://', '//', '', 'http:/', '/');
    fc.assert(
      fc.property(secret, host, before, fc.constantFrom('', '/', '/x?y', '?#', '//z'), (password, at, scheme, path) => {
        const outcome = to(`${scheme}loader:${password}@${at}${path}`, { hosts: 'be1' });
        expect(hrefOf(outcome)).not.toContain(password);
      }),
    );
  });

  it('leads, whatever Location says, to a listed host or nowhere', () => {
    const piece = fc.constantFrom(
      'http://',
      'https://',
      'be1',
      'evil.example',
      '@',
      ':8040',
      '/',
      '\\',
      '?',
      '#',
      '.',
      '%40',
      '\t',
      ' ',
      '%00',
      '[::1]',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const outcome = to(pieces.join(''), { hosts: 'be1' });
        if (outcome.kind === 'refuse') return;
        expect(['be1', 'be1.', 'fe1', 'fe2']).toContain(outcome.url.hostname);
        expect(outcome.url.username + outcome.url.password).toBe('');
      }),
    );
  });
});
