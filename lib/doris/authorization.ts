import { inTime } from '../in-time.ts';
import type { Millis } from '../units.ts';
import type { Line } from './line.ts';
import type { Credentials } from './settings.ts';

/** The credentials cannot be had now. Nothing is wrong with the loads; a later one may find them. */
export class CredentialsUnavailable extends Error {
  override readonly name = 'CredentialsUnavailable';
}

/** The value of the `Authorization` header, or why there is none yet. */
export type Authorization = { readonly kind: 'header'; readonly value: string } | { readonly kind: 'unavailable'; readonly reason: string };

/** Gets the credentials and spells the header. Whoever keeps them may be slow or away: that costs no more than the span. */
export async function authorize({ settings, clock }: Pick<Line, 'settings' | 'clock'>, within: Millis): Promise<Authorization> {
  try {
    const late = () => new CredentialsUnavailable('the credentials did not come in time');
    return { kind: 'header', value: basicAuthorization(await inTime(settings.credentials, { within, clock, late })) };
  } catch (error) {
    if (!(error instanceof CredentialsUnavailable)) throw error;
    return { kind: 'unavailable', reason: error.message };
  }
}

/** The Basic header's value. Base64 of UTF-8, so that no character of a password can break the header. */
function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
