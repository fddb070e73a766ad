import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { settingsSchema } from './settings.ts';

const FILE = new URL('./settings.schema.json', import.meta.url).pathname;

/** The JSON schema of the settings file, with which an editor completes and checks it. */
export function settingsJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(settingsSchema, { io: 'input' }), null, 2)}\n`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(FILE, settingsJsonSchema());
  process.stdout.write('wrote infra/settings.schema.json\n');
}
