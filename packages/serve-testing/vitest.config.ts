import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'serve-testing',
    setupFiles: '@edge-ping/serve-testing/kill-processes',
    testTimeout: 60_000, // a busy machine is no failure
  },
});
