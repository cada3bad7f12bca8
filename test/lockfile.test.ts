import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import lockfile from '../package-lock.json' with { type: 'json' };
import lambdaManifest from './lambda/package.json' with { type: 'json' };
import lambdaLockfile from './lambda/package-lock.json' with { type: 'json' };

interface Package {
  version: string;
  dev?: boolean;
  optional?: boolean;
  resolved?: string;
}

const read = (packages: object) =>
  new Map<string, Package>(Object.entries(packages).filter(([path]) => path !== ''));

const packages = read(lockfile.packages);
const names = [...packages.keys()].map((path) => path.replace(/^.*node_modules\//, ''));

test.each([
  ['workerd', /^@cloudflare\/workerd-/],
  ['Biome', /^@biomejs\/cli-/],
  ['esbuild', /^@esbuild\//],
  ['Node', /^node-/],
  ['TypeScript', /^@typescript\/typescript-/],
  ['rolldown', /^@rolldown\/binding-/],
])('the lockfile has %s for Linux, macOS and Windows', (_, pattern) => {
  const builds = names.filter((name) => pattern.test(name)).join(' ');
  for (const platform of [
    /linux.*(64|x64)/,
    /linux.*arm64/,
    /darwin-(64|x64)/,
    /darwin-arm64/,
    /(windows|win32|win).*(64|x64)/,
  ])
    expect(builds).toMatch(platform);
});

test.each(['wrangler', 'miniflare', 'workerd', 'hono', 'esbuild'])('there is one %s', (name) => {
  expect(names.filter((other) => other === name)).toHaveLength(1);
});

test.each([
  ['package-lock.json', packages],
  ['test/lambda/package-lock.json', read(lambdaLockfile.packages)],
])('%s names no registry', (_, locked) => {
  expect([...locked.values()].filter(({ resolved }) => resolved)).toEqual([]);
});

test('every version is exact', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  for (const version of Object.values({
    ...dependencies,
    ...devDependencies,
    ...optionalDependencies,
    ...lambdaManifest.dependencies,
  }))
    expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
});

test('what ships to production is Hono and its Node adapter', () => {
  const shipped = [...packages].filter(([, { dev, optional }]) => !dev && !optional);
  expect(shipped.map(([path]) => path)).toEqual([
    'node_modules/@hono/node-server',
    'node_modules/hono',
  ]);
});
