import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isListed, parseRedirectHosts } from '../../../lib/doris/redirect-policy.ts';
import { ConfigError } from '../../../lib/errors.ts';

const lists = (entries: string, url: string) => isListed(parseRedirectHosts(entries), new URL(url));

function faultsOf(text: string): readonly string[] {
  try {
    parseRedirectHosts(text);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('the redirect hosts', () => {
  it.each([
    ['be1', 'http://be1:8040/'],
    ['be1', 'http://BE1.:8040/'],
    ['be_1.doris', 'http://be_1.doris:8040/'],
    ['BE1.Example.com', 'http://be1.example.com/'],
    ['be1:8040', 'http://be1:8040/'],
    ['be1:80', 'http://be1/'],
    ['be1:443', 'https://be1/'],
    ['*.doris.svc', 'http://be-0.doris.svc:8040/'],
    ['*.doris.svc', 'http://a.b.doris.svc:8040/'],
    ['*.doris.svc:8040', 'http://be-0.doris.svc:8040/'],
    ['10.0.0.0/8', 'http://10.255.0.1:8040/'],
    ['10.0.0.7', 'http://10.0.0.7:8040/'],
    ['10.0.0.0/8', 'http://0xA.1:8040/'],
    ['[fd00::1]', 'http://[fd00:0:0::1]:8040/'],
    ['[FD00:0::1]:8040', 'http://[fd00::1]:8040/'],
    ['fd00::/8', 'http://[fd12:3456::1]:8040/'],
    ['münchen.example', 'http://xn--mnchen-3ya.example/'],
    ['a, b ,c', 'http://c:1/'],
  ])('%s let %s have credentials', (entries, url) => {
    expect(lists(entries, url)).toBe(true);
  });

  it.each([
    ['be1', 'http://be10:8040/'],
    ['be1', 'http://be1.evil.example/'],
    ['be1', 'http://evil.example/?be1'],
    ['be1:8040', 'http://be1:8041/'],
    ['be1:80', 'https://be1/'],
    ['*.doris.svc', 'http://doris.svc:8040/'],
    ['*.doris.svc', 'http://evildoris.svc:8040/'],
    ['*.doris.svc', 'http://doris.svc.evil.example/'],
    ['*.doris.svc:8040', 'http://be-0.doris.svc:9000/'],
    ['10.0.0.0/8', 'http://11.0.0.1:8040/'],
    ['10.0.0.0/8', 'http://10.0.0.1.evil.example/'],
    ['fd00::/8', 'http://[fe80::1]:8040/'],
    ['[fd00::1]', 'http://[fd00::2]:8040/'],
    ['', 'http://be1:8040/'],
  ])('%s do not let %s have credentials', (entries, url) => {
    expect(lists(entries, url)).toBe(false);
  });

  it.each([
    ['be1,,be2', '""'],
    ['http://be1:8040', '"http://be1:8040"'],
    ['be1/path', '"be1/path"'],
    ['be1:0', '"be1:0"'],
    ['be1:70000', '"be1:70000"'],
    ['be1:http', '"be1:http"'],
    ['*', '"*"'],
    ['*.', '"*."'],
    ['*.10.0.0.1', '"*.10.0.0.1"'],
    ['a*.b', '"a*.b"'],
    ['10.0.0.0/33', '"10.0.0.0/33"'],
    ['fd00::/129', '"fd00::/129"'],
    ['10.0.0.0/', '"10.0.0.0/"'],
    ['10.1', '"10.1"'],
    ['10.0.0.256', '"10.0.0.256"'],
    ['fd00::1', '"fd00::1"'],
    ['[fd00::1', '"[fd00::1"'],
    ['[be1]', '"[be1]"'],
    ['be 1', '"be 1"'],
    ['be1?x', '"be1?x"'],
    ['be1#x', '"be1#x"'],
    ['be1\\x', '"be1\\\\x"'],
  ])('%j are refused, naming %s', (text, named) => {
    expect(faultsOf(text)).toHaveLength(1);
    expect(faultsOf(text)[0]).toContain(`redirect host ${named}:`);
  });

  it('name every faulty entry at once and repeat no password', () => {
    const faults = faultsOf('ok, 10.0.0.0/99, loader:secret@be1');

    expect(faults).toHaveLength(2);
    expect(faults.join()).toContain('***@be1');
    expect(faults.join()).not.toContain('secret');
  });

  it('written as a host allow that host and, port or not, no other', () => {
    const host = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{0,5}){0,2}$/);
    fc.assert(
      fc.property(host, host, fc.integer({ min: 1, max: 65535 }), (allowed, asked, port) => {
        expect(lists(allowed, `http://${asked}:${port}/`)).toBe(allowed === asked);
        expect(lists(`${allowed}:${port}`, `http://${asked}:${port}/`)).toBe(allowed === asked);
      }),
    );
  });

  it('written as a network allow exactly the addresses that share its prefix', () => {
    const address = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
    const bits = (parts: readonly number[]) => parts.map((part) => part.toString(2).padStart(8, '0')).join('');
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: 32 }), (network, asked, prefix) => {
        const inside = bits(network).slice(0, prefix) === bits(asked).slice(0, prefix);
        expect(lists(`${network.join('.')}/${prefix}`, `http://${asked.join('.')}:8040/`)).toBe(inside);
      }),
    );
  });

  it('either parse or are refused, whatever they are', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(faultsOf(text))));
  });
});
