import { bundleFunctions } from '../../infra/bundle.ts';

/** Tests run what is deployed: the bundles are built once before the first of them. */
export async function setup(): Promise<void> {
  await bundleFunctions();
}
