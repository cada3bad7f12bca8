import { defineConfig } from 'vitest/config';

const project = (name: string, include: string) => ({
  extends: true as const,
  test: { name, include: [include] },
});

export default defineConfig({
  test: {
    setupFiles: '@edge-ping/serve-testing/kill-processes',
    // A busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 10_000 } },
    projects: [project('service', 'test/*.test.ts'), project('image', 'test/image/*.test.ts')],
  },
});
