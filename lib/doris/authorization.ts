import { inTime } from '../in-time.ts';
import type { Millis } from '../units.ts';
import type { Line } from './line.ts';
import type { Credentials } from './settings.ts';

/** The credentials cannot be had now. Nothing is wrong with the loads; a later one may find them. */
export class CredentialsUnavailable extends Error {
  override readonly name = 'CredentialsUnavailable';
}

/** The value of the `Authorization` header, and what it is made of. */
export interface AuthorizationHeader {
  readonly kind: 'header';
  readonly value: string;
  readonly credentials: Credentials;
}

/** The header, or why there is none yet. */
export type Authorization = AuthorizationHeader | { readonly kind: 'unavailable'; readonly reason: string };

/** Gets the credentials and spells the header. Whoever keeps them may be slow or away: that costs no more than the span. */
export async function authorize(
  { settings, clock }: Pick<Line, 'settings' | 'clock'>,
  within: Millis,
  refused?: Credentials,
): Promise<Authorization> {
  try {
    const late = () => new CredentialsUnavailable('the credentials did not come in time');
    const credentials = await inTime(() => settings.credentials(refused), { within, clock, late });
    return { kind: 'header', value: basicAuthorization(credentials), credentials };
  } catch (error) {
    if (!(error instanceof CredentialsUnavailable)) throw error;
    return { kind: 'unavailable', reason: error.message };
  }
}

/** Other credentials than those that Doris has just refused; none where they are still the same. */
export async function renewed(
  line: Pick<Line, 'settings' | 'clock'>,
  within: Millis,
  { credentials, value }: AuthorizationHeader,
): Promise<AuthorizationHeader | undefined> {
  const other = await authorize(line, within, credentials);
  return other.kind === 'header' && other.value !== value ? other : undefined;
}

/** The Basic header's value. Base64 of UTF-8, so that no character of a password can break the header. */
function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
