import { defineConfig } from 'vitest/config';

// A project for each script: `npm test` needs nothing but npm, the others what they are named for.
const project = (name: string, ...include: string[]) => ({
  extends: true as const,
  test: { name, include },
});
// The tests of the library that need more than npm.
const library = (name: string) => ({
  extends: true as const,
  test: {
    name: `serve-${name}`,
    include: [`packages/serve/test/${name}/*.test.ts`],
    globalSetup: 'packages/serve/test/support/build.ts',
    // After the template's: an engine's unnamed images are removed at a file's end, whoever built them.
    sequence: { groupOrder: 1 },
  },
});

// Each of its tests runs others, which keep two cores busy.
const template = {
  extends: true as const,
  test: { name: 'template', include: ['test/template/*.test.ts'], maxConcurrency: 2 },
};

export default defineConfig({
  test: {
    globalSetup: 'test/support/build.ts',
    setupFiles: '@edge-ping/serve/testing/kill-processes',
    testTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } }, // a busy machine is no failure
    hookTimeout: 60_000,
    maxWorkers: 4, // they wait more than they compute
    projects: [
      'packages/serve',
      project('targets', 'test/*.test.ts'),
      template,
      project('image', 'test/image/*.test.ts'),
      library('image'),
      project('proxies', 'test/proxies/*.test.ts'),
      project('lambda', 'test/lambda/*.test.ts'),
      library('lambda'),
      library('package'),
    ],
  },
});
