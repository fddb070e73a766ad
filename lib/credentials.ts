import { GetSecretValueCommand, type SecretsManagerClient, SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { Clock } from './clock.ts';
import type { CredentialSource } from './config.ts';
import { CredentialsUnavailable } from './doris/authorization.ts';
import type { Credentials } from './doris/settings.ts';
import { ConfigError } from './errors.ts';
import { millis } from './units.ts';

/** A secret is read again after this long, so that a rotated password is picked up without a new deployment. */
const KEEP_SECRET = millis(5 * 60_000);
/** What was read before serves on while the secret cannot be read again; asked for again after this long. */
const KEEP_OLD_SECRET = millis(30_000);
/** What Doris refuses may be old, or right and refused for another reason: no more often than this the secret is read to see. */
const SOONEST_AGAIN = millis(1000);
/** For reading it, every try included: whoever asks next must not wait for a reply that never ends. */
const READ_WITHIN = millis(10_000);

/** As `DORIS_USER`: Basic authentication (RFC 7617) has no way to name a user with a colon. */
const secretSchema = z.object({ username: z.string().regex(/^[^:\p{Cc}]+$/u), password: z.string() });

/**
 * Credentials for Doris: fixed ones, or those of a secret, kept for five minutes or until Doris refuses them. A secret that cannot be read
 * again stops no loads.
 */
export function credentialsFrom(
  source: CredentialSource,
  secrets: () => SecretsManagerClient,
  clock: Clock,
): (refused?: Credentials) => Promise<Credentials> {
  if (source.kind === 'fixed') return async () => source;
  let client: SecretsManagerClient | undefined;
  let known: Credentials | undefined;
  let until = 0;
  let askedAt = 0;
  let reading: Promise<Credentials> | undefined;

  async function read(id: string): Promise<Credentials> {
    client ??= secrets();
    askedAt = clock.elapsed();
    try {
      known = await readSecret(id, client);
      until = clock.elapsed() + KEEP_SECRET;
    } catch (error) {
      if (known === undefined) throw error;
      until = clock.elapsed() + KEEP_OLD_SECRET;
    } finally {
      reading = undefined;
    }
    return known;
  }

  return async (refused) => {
    const isRefused = refused !== undefined && refused === known && clock.elapsed() >= askedAt + SOONEST_AGAIN;
    if (known !== undefined && clock.elapsed() < until && !isRefused) return known;
    reading ??= read(source.id);
    return reading;
  };
}

/**
 * @throws {ConfigError} when AWS refuses the secret or it has another form; its value is never part of the message.
 * @throws {CredentialsUnavailable} when Secrets Manager is slow or away.
 */
async function readSecret(id: string, client: SecretsManagerClient): Promise<Credentials> {
  let text: string | undefined;
  try {
    ({ SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: id }), {
      abortSignal: AbortSignal.timeout(READ_WITHIN),
    }));
  } catch (error) {
    const why = error instanceof Error ? error.name : 'unknown error';
    const fault = `DORIS_SECRET_ID: secret ${id} cannot be read: ${why}`;
    throw isRefusal(error) ? new ConfigError([fault], { cause: error }) : new CredentialsUnavailable(fault, { cause: error });
  }
  const parsed = secretSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new ConfigError([`DORIS_SECRET_ID: secret ${id} must hold JSON {"username","password"}`]);
  return parsed.data;
}

/** Whether AWS answered that this request will never do. Throttling is a client's fault to AWS, but passes. */
function isRefusal(error: unknown): boolean {
  return error instanceof SecretsManagerServiceException && error.$fault === 'client' && !/throttl|limit|toomany/i.test(error.name);
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
