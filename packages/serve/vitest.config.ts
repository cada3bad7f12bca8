import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'serve',
    include: ['test/**/*.test.ts'],
    exclude: ['test/lambda/**', 'test/image/**', 'test/package/**', 'test/programs/**'],
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: '@edge-ping/serve-testing/kill-processes',
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }, // processes start in half the time
    testTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 10 } }, // a busy machine is no failure
    hookTimeout: 120_000,
    maxWorkers: 6, // they wait more than they compute
  },
});
