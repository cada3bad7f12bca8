import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of what a run makes for its tests, once for all files: see once.ts. */
    made: string;
  }
}

/** Vitest's global set-up. */
export const setup = async (project: TestProject) => {
  const dist = join(import.meta.dirname, '../dist'); // whose packages are the tests'
  await mkdir(dist, { recursive: true });
  const folder = await mkdtemp(join(dist, 'run-'));
  project.provide('made', folder);
  return () => rm(folder, { recursive: true });
};
