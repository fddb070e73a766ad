/** The one user that the stand-in knows; it may do everything. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Reads the FE's way: any scheme word, one blank, base64 of `user:password`; the password may hold colons (reference 1.1 row 5). */
export function parseFrontendAuthorization(header: string | undefined): Credentials | undefined {
  const parts = (header ?? '').split(' ');
  return parts.length === 2 ? decode(parts[1] ?? '') : undefined;
}

/** Reads the BE's way: the scheme must be spelled `Basic ` exactly (reference 2.1 step 4). */
export function parseBackendAuthorization(header: string | undefined): Credentials | undefined {
  return header?.startsWith('Basic ') ? decode(header.slice('Basic '.length)) : undefined;
}

/** The refusal that a wrong user or password gets, or undefined. Doris names the user, the address and whether a password was given. */
export function accessRefusal(given: Credentials, known: Credentials, remoteAddress: string): string | undefined {
  if (given.user === known.user && given.password === known.password) return undefined;
  return `Access denied for user '${given.user}'@'${remoteAddress}' (using password: ${given.password === '' ? 'NO' : 'YES'})`;
}

function decode(base64: string): Credentials | undefined {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  // `user@cluster` is an old way of writing the user.
  return { user: text.slice(0, colon).split('@')[0] ?? '', password: text.slice(colon + 1) };
}
