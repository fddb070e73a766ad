import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import type { Clock } from './clock.ts';
import type { CredentialSource } from './config.ts';
import type { Credentials } from './doris/settings.ts';
import { ConfigError } from './errors.ts';
import { millis } from './units.ts';

/** A secret is read again after this long, so that a rotated password is picked up without a new deployment. */
const KEEP_SECRET = millis(5 * 60_000);

const secretSchema = z.object({ username: z.string().min(1), password: z.string() });

/** Credentials for Doris: fixed ones, or those of a secret, kept for five minutes. */
export function credentialsFrom(source: CredentialSource, secrets: () => SecretsManagerClient, clock: Clock): () => Promise<Credentials> {
  if (source.kind === 'fixed') return async () => source;
  let cached: { readonly credentials: Credentials; readonly until: number } | undefined;
  return async () => {
    if (cached === undefined || clock.elapsed() >= cached.until) {
      cached = { credentials: await readSecret(source.id, secrets()), until: clock.elapsed() + KEEP_SECRET };
    }
    return cached.credentials;
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
