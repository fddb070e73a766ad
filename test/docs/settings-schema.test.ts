import { describe, expect, it } from 'vitest';
import { settingsJsonSchema } from '../../infra/settings-schema.ts';

describe('infra/settings.schema.json', () => {
  it('has every setting of the settings file', async () => {
    await expect(settingsJsonSchema()).toMatchFileSnapshot('../../infra/settings.schema.json');
  });
});
