import type { Credentials } from './settings.ts';

/** The Basic header's value. Base64 of UTF-8, so that no character of a password can break the header. */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
