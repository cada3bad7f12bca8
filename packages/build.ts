import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readPublished } from './published.ts';

// Run in the folder of a package: makes the folder that is packed, with JavaScript, declarations and source maps.
// Node refuses to strip types inside node_modules, so a package that is installed has none.

const [, , folder = 'dist'] = process.argv;

/** The path of what the compiler makes of a source. */
const compiledPath = (source: string, extension: string) =>
  source.replace('./src/', './').replace(/\.ts$/, extension);

/** What a subpath of the package leads to, by the source that it leads to here, or the sources by condition. */
const compiled = (sources: string | Record<string, string>) => {
  const conditions = typeof sources === 'string' ? { types: sources, default: sources } : sources;
  return Object.fromEntries(
    Object.entries(conditions).map(([condition, source]) => [
      condition,
      compiledPath(source, condition === 'types' ? '.d.ts' : '.js'),
    ]),
  );
};

const { bin, ...manifest } = await readPublished();
const exports = Object.fromEntries(
  Object.entries(manifest.exports ?? {}).map(([name, path]) => [name, compiled(path)]),
);

// TypeScript's `moduleResolution: node` does not read `exports`: it finds the types by these.
const { '.': root, ...subpaths } = exports;
const typesBySubpath = Object.entries(subpaths).map(([name, { types }]) => [
  name.replace('./', ''),
  [types],
]);
const programs = Object.entries(bin ?? {}).map(([name, path]) => [name, compiledPath(path, '.js')]);

await rm(folder, { recursive: true, force: true });
await mkdir(folder);
await writeFile(
  join(folder, 'package.json'),
  JSON.stringify(
    {
      ...manifest,
      files: ['**/*.js', '**/*.js.map', '**/*.d.ts'],
      exports,
      ...(bin && { bin: Object.fromEntries(programs) }),
      types: root?.types,
      typesVersions: { '*': Object.fromEntries(typesBySubpath) },
    },
    null,
    2,
  ),
);
for (const file of ['README.md', 'LICENSE']) await cp(file, join(folder, file));

execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', folder], {
  stdio: 'inherit',
  shell: process.platform === 'win32', // tsc is a script there
});
// A map has its source in it. Where the package is installed, src is not there: a stack names the file beside the map.
for (const path of globSync('**/*.js.map', { cwd: folder }).map((file) => join(folder, file))) {
  const map = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(
    path,
    JSON.stringify({ ...map, sources: [basename(path, '.js.map').concat('.ts')] }),
  );
}
