import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leanSdk, withoutJsonSchema, withoutSignIn } from '../../infra/lean-sdk.ts';

type FromIni = (options: object) => () => Promise<{ readonly accessKeyId: string }>;

let folder = '';
let fromIni: FromIni;
let size = 0;

const SDK = "export { fromIni } from '@aws-sdk/credential-provider-ini';";

async function bundled(plugins: readonly (typeof leanSdk)[], outfile: string, contents = SDK): Promise<number> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [...plugins],
    metafile: true,
    outfile,
  });
  return Object.values(metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lean-sdk-'));
  size = await bundled([leanSdk, withoutSignIn], join(folder, 'lean.mjs'));
  ({ fromIni } = await import(pathToFileURL(join(folder, 'lean.mjs')).href));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the AWS SDK in a function', () => {
  const credentialsOf = async (name: string, lines: readonly string[]) => {
    const file = join(folder, name);
    await writeFile(file, `[profile p]\n${lines.join('\n')}\n`);
    return fromIni({ profile: 'p', configFilepath: file, filepath: join(folder, 'none') })();
  };

  it.each([
    ['single sign-on', ['sso_start_url=https://x.test', 'sso_account_id=1', 'sso_region=us-east-1', 'sso_role_name=r']],
    ['console sign-in', ['login_session=arn:aws:iam::1:user/u']],
  ])('refuses a profile of %s and says what to give', async (name, lines) => {
    await expect(credentialsOf(name, lines)).rejects.toThrow(/signs in through a browser .* AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/);
  });

  it('takes a profile with keys of its own', async () => {
    const credentials = await credentialsOf('keys', ['aws_access_key_id=AK', 'aws_secret_access_key=S']);

    expect(credentials.accessKeyId).toBe('AK');
  });

  it('is smaller than what a bundler makes by itself', async () => {
    expect(size).toBeLessThan(await bundled([], join(folder, 'all.mjs')));
  });
});

describe('zod in a function', () => {
  const CHECK = `
    import * as z from 'zod';
    const schema = z.object({ port: z.int().min(1).optional(), name: z.string().regex(/^[a-z]+$/, 'must be small letters') });
    export const issuesOf = (value) => schema.safeParse(value).error?.issues.map(({ path, message }) => path.join() + ' ' + message);
    export const describe = () => schema.toJSONSchema();
  `;

  it('checks as ever, is smaller, and makes no JSON Schemas', async () => {
    const lean = join(folder, 'zod.mjs');
    const smaller = await bundled([withoutJsonSchema], lean, CHECK);
    const { issuesOf, describe: jsonSchema } = await import(pathToFileURL(lean).href);

    expect(issuesOf({ port: 80, name: 'a' })).toBeUndefined();
    expect(issuesOf({ port: 0, name: 'A' })).toEqual(['port Too small: expected number to be >=1', 'name must be small letters']);
    expect(jsonSchema).toThrow('functions are built without JSON Schema');
    expect(smaller).toBeLessThan(await bundled([], join(folder, 'whole-zod.mjs'), CHECK));
  });
});
