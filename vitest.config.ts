import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// A project for each script: `npm test` needs nothing but npm, the others what they are named for.
const project = (name: string, include: string, options = {}) => ({
  extends: true as const,
  test: { name, include: [include], ...options },
});
// A file's end removes the unnamed images that have come since its start, whoever built them.
const oneAtATime = { fileParallelism: false };
// The tests of the library that need more than npm.
const library = (name: string) =>
  project(`serve-${name}`, `packages/serve/test/${name}/*.test.ts`, {
    globalSetup: 'packages/serve/test/support/global-setup.ts',
    ...oneAtATime,
  });

// Each of its tests runs others, which keep two cores busy.
const template = {
  extends: true as const,
  test: { name: 'template', include: ['test/template/*.test.ts'], maxConcurrency: 2 },
};

export default defineConfig({
  test: {
    setupFiles: '@edge-ping/serve-testing/kill-processes',
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }, // processes start in half the time
    // A busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000, interval: 10 } },
    maxWorkers: 6, // they wait more than they compute
    projects: [
      'packages/serve',
      'packages/serve-testing',
      project('targets', 'test/*.test.ts'),
      template,
      project('image', 'test/image/*.test.ts', oneAtATime),
      library('image'),
      project('release', 'test/release/*.test.ts'),
      project('proxies', 'test/proxies/*.test.ts'),
      project('lambda', 'test/lambda/*.test.ts'),
      library('lambda'),
      library('package'),
      project('serve-programs', 'packages/serve/test/programs/*.test.ts'),
    ],
  },
});
