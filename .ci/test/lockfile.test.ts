import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };
import { packages, shipped } from './lockfile.ts';

/** The packages that are folders of this repository. npm links every one of them, whatever needs it. */
const workspaces = [...packages].flatMap(([path, { link }]) =>
  link ? path.replace('node_modules/', '') : [],
);

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

test('it names no registry', () => {
  expect([...packages.values()].filter(({ resolved, link }) => resolved && !link)).toEqual([]);
});

test('every version is exact', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
  for (const [name, version] of Object.entries(all))
    if (!workspaces.includes(name)) expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
});

test('there is one version of Node, in what npm installs and in the images', () => {
  const ofPackages = Object.values(manifest.optionalDependencies);
  const dockerfiles = globSync('{Dockerfile*,{.ci,examples}/**/Dockerfile}', {
    exclude: ['**/node_modules'],
  }).map((file) => readFileSync(file, 'utf8'));
  const ofImages = dockerfiles.flatMap((text) =>
    [...text.matchAll(/ node:([\d.]+)-/g)].map(([, version]) => version),
  );
  expect(ofImages.length).toBeGreaterThanOrEqual(dockerfiles.length);
  expect(new Set([...ofPackages, ...ofImages]).size).toBe(1);
});

/** Where Node finds a package when one at `path` imports it: nested in it, or further up. */
const resolve = (name: string, path: string): string | undefined => {
  const nested = `${path && `${path}/`}node_modules/${name}`;
  if (packages.has(nested)) return nested;
  return path ? resolve(name, path.replace(/\/?node_modules\/(@[^/]+\/)?[^/]+$/, '')) : undefined;
};

test('what ships to production is what the dependencies of package.json need', () => {
  const needed = new Set<string>();
  const need = (names: string[], path: string) => {
    for (const found of names.map((name) => resolve(name, path))) {
      if (!found || needed.has(found)) continue;
      needed.add(found);
      const { resolved = '', link } = packages.get(found) ?? {};
      if (link) needed.add(resolved);
      const target = packages.get(link ? resolved : found);
      const { dependencies, peerDependencies, peerDependenciesMeta } = target ?? {};
      const peers = Object.keys(peerDependencies ?? {}).filter(
        (name) => !peerDependenciesMeta?.[name]?.optional,
      );
      need([...Object.keys(dependencies ?? {}), ...peers], found);
    }
  };
  need([...Object.keys(manifest.dependencies), ...workspaces], '');
  expect(new Set(shipped)).toEqual(needed);
});

// The library's own tests bring ws: without this one, only production would notice.
test('if the app has WebSockets, ws is a dependency', () => {
  const sources = globSync('{src,adapters}/**/*.ts').map((file) => readFileSync(file, 'utf8'));
  if (sources.some((source) => source.includes('@edge-ping/serve/websocket')))
    expect(Object.keys(manifest.dependencies)).toContain('ws');
});

interface Updates {
  'package-ecosystem': string;
  directory?: string;
  directories?: string[];
}

const dependabot = '.github/dependabot.yml';

test.each([
  ['npm', '**/package-lock.json'],
  ['docker', '**/Dockerfile'],
])('dependabot.yml has each folder with dependencies of %s, and no other', (ecosystem, files) => {
  const { updates }: { updates: Updates[] } = parse(readFileSync(dependabot, 'utf8'));
  const folders = updates
    .filter((update) => update['package-ecosystem'] === ecosystem)
    .flatMap(({ directory, directories = [] }) => directory ?? directories);
  const there = globSync(`{${files},.ci/${files}}`, { exclude: ['**/{node_modules,dist}'] });
  expect(new Set(folders)).toEqual(new Set(there.map((file) => join('/', dirname(file)))));
});
