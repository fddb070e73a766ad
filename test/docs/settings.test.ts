import { describe, expect, it } from 'vitest';
import type { Setting } from '../../lib/setting.ts';
import { SETTINGS } from '../../lib/settings.ts';

function row([name, setting]: [string, Setting<unknown>]): string {
  const absent = setting.fallback === undefined ? (setting.optional ? 'none' : 'required') : `\`${setting.fallback}\``;
  return `| \`${name}\` | ${setting.about} | ${setting.rule.replaceAll('|', '\\|')} | ${absent} |`;
}

const page = `# Settings

Environment variables of the functions, all checked together at cold start. A wrong value, a missing one, an unknown name that starts with
\`DORIS_\`, and a name that is a setting's but for letter case or two letters (\`LABEL_PREFX\`, \`ledger_table\`) stop the function with one
message that names each fault; other variables are yours. This page is written from \`lib/settings.ts\` by
\`npm test -- test/docs -u\`; the tests fail when it is stale.

| variable | meaning | allowed | when absent |
|---|---|---|---|
${Object.entries(SETTINGS).map(row).join('\n')}

AWS endpoints, region and credentials come from the AWS SDK's own variables (\`AWS_REGION\`, \`AWS_ENDPOINT_URL_DYNAMODB\`, ...). The log level
is \`POWERTOOLS_LOG_LEVEL\`.
`;

describe('docs/settings.md', () => {
  it('lists every setting with its meaning, range and default', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/settings.md');
  });
});
