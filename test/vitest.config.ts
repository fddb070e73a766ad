import { defineConfig } from 'vitest/config';
import { LongestFirst } from './support/longest-first.ts';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // Only what hangs runs into it, on however busy a machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One more than the cores of the smallest machine: the end-to-end tests wait for other processes most of the time.
    maxWorkers: 3,
    // Loading the SDK, CDK and DuckDB anew for every file took as long as the tests of most files.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Node 20 is one of the versions that the functions run on: the SDK need not say so in the middle of the output.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    globalSetup: ['test/support/bundle.ts'],
  },
});
