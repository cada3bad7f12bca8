import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'serve-testing',
    setupFiles: '@edge-ping/serve-testing/kill-processes',
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }, // processes start in half the time
    testTimeout: 60_000, // a busy machine is no failure
    maxWorkers: 6, // they wait more than they compute
  },
});
