import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    setupFiles: '@edge-ping/serve-testing/kill-processes',
    testTimeout: 60_000,
  },
});
