import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { Clock } from './clock.ts';
import type { CredentialSource } from './config.ts';
import type { Credentials } from './doris/settings.ts';
import { ConfigError } from './errors.ts';
import { millis } from './units.ts';

/** A secret is read again after this long, so that a rotated password is picked up without a new deployment. */
const KEEP_SECRET = millis(5 * 60_000);
/** What was read before serves on while the secret cannot be read again; asked for again after this long. */
const KEEP_OLD_SECRET = millis(30_000);

/** As `DORIS_USER`: Basic authentication (RFC 7617) has no way to name a user with a colon. */
const secretSchema = z.object({ username: z.string().regex(/^[^:\p{Cc}]+$/u), password: z.string() });

/**
 * Credentials for Doris: fixed ones, or those of a secret, kept for five minutes. A secret that cannot be read again stops no loads;
 * when its password was changed meanwhile, Doris refuses the old one and the records wait.
 */
export function credentialsFrom(source: CredentialSource, secrets: () => SecretsManagerClient, clock: Clock): () => Promise<Credentials> {
  if (source.kind === 'fixed') return async () => source;
  let client: SecretsManagerClient | undefined;
  let known: Credentials | undefined;
  let until = 0;
  let reading: Promise<Credentials> | undefined;

  async function read(id: string): Promise<Credentials> {
    client ??= secrets();
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

  return async () => {
    if (known !== undefined && clock.elapsed() < until) return known;
    reading ??= read(source.id);
    return reading;
  };
}

/** @throws {ConfigError} when the secret cannot be read or has another form; its value is never part of the message. */
async function readSecret(id: string, client: SecretsManagerClient): Promise<Credentials> {
  let text: string | undefined;
  try {
    ({ SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: id })));
  } catch (error) {
    const why = error instanceof Error ? error.name : 'unknown error';
    throw new ConfigError([`DORIS_SECRET_ID: secret ${id} cannot be read: ${why}`], { cause: error });
  }
  const parsed = secretSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new ConfigError([`DORIS_SECRET_ID: secret ${id} must hold JSON {"username","password"}`]);
  return parsed.data;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
