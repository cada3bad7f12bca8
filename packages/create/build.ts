import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { readPublished } from '../published.ts';
import { readTemplate } from './src/read-template.ts';

// Makes the folder that is packed: one program with what it needs, so that `npm create` downloads
// one package, and what it makes services from.
const [, , folder = 'dist'] = process.argv;
await rm(folder, { recursive: true, force: true });
await mkdir(folder);
const { metafile } = await build({
  entryPoints: ['src/cli.ts'],
  outfile: join(folder, 'cli.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  metafile: true,
});
await writeFile(join(folder, 'template.json'), JSON.stringify(readTemplate()));

const published = { ...(await readPublished()), bin: { 'create-edge-ping': 'cli.js' } };
await writeFile(join(folder, 'package.json'), JSON.stringify(published, null, 2));
await cp('README.md', join(folder, 'README.md'));

/** The folders of the packages in the bundle, whose licenses want to be with it. */
const bundled = new Set(
  Object.keys(metafile.inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [],
  ),
);
const licenses = Array.from(bundled, async (path) => {
  const { name } = JSON.parse(await readFile(`${path}/package.json`, 'utf8'));
  const file = await Promise.any(
    ['LICENSE', 'license', 'LICENSE.md'].map((file) => readFile(`${path}/${file}`, 'utf8')),
  );
  return `\n---\n\n${name}:\n\n${file}`;
});
const own = await readFile('LICENSE', 'utf8');
await writeFile(join(folder, 'LICENSE'), own + (await Promise.all(licenses)).join(''));
