import { defineConfig } from 'vitest/config';

/** A set of tests that a script of package.json runs. */
const project = (name: string, include: string) => ({
  extends: true as const,
  test: { name, include: [include] },
});

export default defineConfig({
  test: {
    setupFiles: '@edge-ping/serve-testing/kill-processes',
    // A busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      project('service', 'test/*.test.ts'), // needs nothing but npm
      project('image', 'test/image/*.test.ts'), // needs Docker or Podman
    ],
  },
});
