import { defineConfig } from 'vitest/config';

// A project for each script: `npm test` needs nothing but npm, the others what they are named for.
const project = (name: string, include: string) => ({
  extends: true as const,
  test: { name, include: [include] },
});

export default defineConfig({
  test: {
    globalSetup: 'test/support/build.ts',
    setupFiles: 'test/support/kill-processes.ts',
    testTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } }, // a busy machine is no failure
    hookTimeout: 60_000,
    maxWorkers: 4, // they wait more than they compute
    projects: [
      project('targets', 'test/*.test.ts'),
      project('image', 'test/image/*.test.ts'),
      project('proxies', 'test/proxies/*.test.ts'),
      project('lambda', 'test/lambda/*.test.ts'),
    ],
  },
});
