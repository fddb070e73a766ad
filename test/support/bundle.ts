import { bundleCli, bundleFunctions } from '../../infra/bundle.ts';

/** Tests run what is deployed, and the command line as it is built: once before the first of them. */
export async function setup(): Promise<void> {
  await Promise.all([bundleFunctions(), bundleCli()]);
}
