import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it } from 'vitest';
import { credentialsFrom } from '../../lib/credentials.ts';
import { CredentialsUnavailable } from '../../lib/doris/authorization.ts';
import { ConfigError } from '../../lib/errors.ts';
import { seconds } from '../../lib/units.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { type AwsAnswer, type JsonServer, jsonServer } from './json-server.ts';

let server: JsonServer | undefined;
afterEach(() => server?.close());

/** No emulator of Secrets Manager runs on this machine; its one call that matters is small: JSON 1.1, `GetSecretValue`. */
const secretThat = async (answer: (nth: number) => AwsAnswer) => {
  server = await jsonServer((_call, nth) => answer(nth));
  const { endpoint } = server;
  const clock = virtualClock();
  let clients = 0;
  const client = () => {
    clients++;
    return new SecretsManagerClient({
      endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
  };
  return { clock, clients: () => clients, credentials: credentialsFrom({ kind: 'secret', id: 'prod/doris' }, client, clock) };
};
const holding = (username: string, password: string): AwsAnswer => ({ output: { SecretString: JSON.stringify({ username, password }) } });
const AWAY: AwsAnswer = { status: 500, error: 'InternalServiceError', message: 'hush' };

describe('fixed credentials', () => {
  it('ask nobody', async () => {
    const noClient = () => {
      throw new Error('asked');
    };

    expect(await credentialsFrom({ kind: 'fixed', username: 'u', password: '' }, noClient, virtualClock())()).toMatchObject({
      username: 'u',
      password: '',
    });
  });
});

describe('credentials of a secret', () => {
  it('are those that the secret holds, whatever else it holds', async () => {
    const { credentials } = await secretThat(() => ({ output: { SecretString: '{"username":"u","password":"p:ä","host":"fe"}' } }));

    expect(await credentials()).toEqual({ username: 'u', password: 'p:ä' });
    expect(server?.calls).toEqual([{ operation: 'GetSecretValue', input: { SecretId: 'prod/doris' } }]);
  });

  it('are kept for five minutes and then read again, so that a rotation is followed', async () => {
    const { clock, clients, credentials } = await secretThat((nth) => holding('u', `password ${nth}`));

    const passwords: string[] = [];
    for (const wait of [0, 299, 1, 299, 1]) {
      clock.advance(seconds(wait));
      passwords.push((await credentials()).password);
    }

    expect(passwords).toEqual(['password 1', 'password 1', 'password 2', 'password 2', 'password 3']);
    expect(clients()).toBe(1);
  });

  it('are read again when Doris refuses them, once a second at most', async () => {
    const { clock, credentials } = await secretThat((nth) => holding('u', `password ${nth}`));

    const first = await credentials();
    expect(await credentials(first)).toBe(first);
    clock.advance(seconds(1));
    const second = await credentials(first);
    clock.advance(seconds(1));

    expect(second.password).toBe('password 2');
    // Refused before the second was read.
    expect(await credentials(first)).toBe(second);
    expect(server?.calls).toHaveLength(2);
  });

  it('that are refused serve on while the secret cannot be read', async () => {
    const { clock, credentials } = await secretThat((nth) => (nth === 1 ? holding('u', 'p') : AWAY));

    const first = await credentials();
    clock.advance(seconds(1));

    expect(await credentials(first)).toBe(first);
    expect(await credentials(first)).toBe(first);
    expect(server?.calls).toHaveLength(2);
  });

  it('are read once for all tables that ask at the same time', async () => {
    const { credentials } = await secretThat(() => holding('u', 'p'));

    await Promise.all([credentials(), credentials(), credentials()]);

    expect(server?.calls).toHaveLength(1);
  });

  it('are used on while the secret cannot be read again: an outage of Secrets Manager stops no loads', async () => {
    const { clock, credentials } = await secretThat((nth) => (nth === 2 ? AWAY : holding('u', `password ${nth}`)));

    await credentials();
    clock.advance(seconds(300));

    expect((await credentials()).password).toBe('password 1');
    expect((await credentials()).password).toBe('password 1');
    expect(server?.calls).toHaveLength(2);
    clock.advance(seconds(30));
    expect((await credentials()).password).toBe('password 3');
  });

  it('that cannot be read are asked for again by the next who needs them', async () => {
    const { credentials } = await secretThat((nth) => (nth === 1 ? AWAY : holding('u', 'p')));

    await expect(credentials()).rejects.toThrow('DORIS_SECRET_ID: secret prod/doris cannot be read: InternalServiceError');
    expect(await credentials()).toEqual({ username: 'u', password: 'p' });
  });

  it.each([
    ['AccessDeniedException', 400, ConfigError],
    ['ResourceNotFoundException', 400, ConfigError],
    ['ThrottlingException', 400, CredentialsUnavailable],
    ['InternalServiceError', 500, CredentialsUnavailable],
  ])('that AWS answers with %s for stop the function only when no later call could fare better', async (error, status, thrown) => {
    const { credentials } = await secretThat(() => ({ status, error }));

    await expect(credentials()).rejects.toThrow(thrown);
  });

  it.each([
    ['no JSON', 'hush'],
    ['no user', '{"password":"hush"}'],
    ['an empty user', '{"username":"","password":"hush"}'],
    ['a user that Basic authentication cannot name', '{"username":"hush:hush","password":"hush"}'],
    ['a password that is a number', '{"username":"u","password":1}'],
    ['a list', '["hush"]'],
    ['nothing but bytes', undefined],
  ])('are refused without a word of what the secret holds: %s', async (_what, SecretString) => {
    const { credentials } = await secretThat(() => ({ output: { SecretString } }));

    const error: unknown = await credentials().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('DORIS_SECRET_ID: secret prod/doris must hold JSON {"username","password"}');
    expect(String(error)).not.toContain('hush');
  });
});
