import { expect, test } from 'vitest';
import manifest from './package.json' with { type: 'json' };
import lockfile from './package-lock.json' with { type: 'json' };

test("the client's lockfile names no registry, and its version is exact", () => {
  expect(Object.values(lockfile.packages).filter((locked) => 'resolved' in locked)).toEqual([]);
  for (const version of Object.values(manifest.dependencies))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
