import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The tests of this repository, beside those of the service at its root: a project for each script.
const project = (name: string, include: string[], options = {}) => ({
  extends: true as const,
  test: {
    name,
    include,
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }, // processes start in half the time
    expect: { poll: { timeout: 20_000, interval: 10 } }, // a busy machine is no failure
    maxWorkers: 6, // they wait more than they compute
    ...options,
  },
});
// A file's end removes the unnamed images that have come since its start, whoever built them.
const oneAtATime = { fileParallelism: false };
/** The tests of the library that need more than npm. */
const library = (name: string) =>
  project(`serve-${name}`, [`packages/serve/test/${name}/*.test.ts`], {
    globalSetup: 'packages/serve/test/support/global-setup.ts',
    ...oneAtATime,
  });

export const projects = [
  'packages/serve',
  'packages/serve-testing',
  project('template', ['packages/create/test/*.test.ts', '.ci/test/*.test.ts']),
  // Each of its tests runs others, which keep two cores busy.
  project('made', ['packages/create/test/made/*.test.ts'], { maxConcurrency: 2 }),
  project('registry', ['packages/create/test/registry/*.test.ts']),
  project('template-image', ['packages/create/test/image/*.test.ts'], oneAtATime),
  library('image'),
  project('release', ['.ci/test/release/*.test.ts']),
  project('proxies', ['packages/create/test/proxies/*.test.ts']),
  project('postgres', ['packages/create/test/postgres/*.test.ts']),
  project('lambda', ['packages/create/test/lambda/*.test.ts']),
  library('lambda'),
  library('package'),
  project('programs', ['packages/serve/test/programs/*.test.ts']),
];
