import { expect, test } from 'vitest';
import manifest from './package.json' with { type: 'json' };
import lockfile from './package-lock.json' with { type: 'json' };

test('the lockfile names no registry, and every version is exact', () => {
  expect(Object.values(lockfile.packages).filter((locked) => 'resolved' in locked)).toEqual([]);
  for (const version of Object.values(manifest.dependencies))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

// Two copies would hide what happens when an app and the library share one.
test('hono and @hono/node-server are those of the library', () => {
  const names = Object.keys(lockfile.packages).map((path) => path.replace(/^.*node_modules\//, ''));
  expect(names).not.toContain('hono');
  expect(names).not.toContain('@hono/node-server');
});
