import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { readPublished } from '../published.ts';
import { readTemplate } from './src/read-template.ts';

// Makes the folder that `npm run pack` packs: one program with what it needs, so that `npm create` downloads
// one package, and what it makes services from.
await rm('dist', { recursive: true, force: true });
await mkdir('dist');
const { metafile } = await build({
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/cli.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  metafile: true,
});
await writeFile('dist/template.json', JSON.stringify(readTemplate()));

const published = { ...(await readPublished()), bin: { 'create-edge-ping': 'cli.js' } };
await writeFile('dist/package.json', JSON.stringify(published, null, 2));
await cp('README.md', 'dist/README.md');

/** The folders of the packages in the bundle, whose licenses want to be with it. */
const bundled = new Set(
  Object.keys(metafile.inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [],
  ),
);
const licenses = Array.from(bundled, async (folder) => {
  const { name } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'));
  const file = await Promise.any(
    ['LICENSE', 'license', 'LICENSE.md'].map((path) => readFile(`${folder}/${path}`, 'utf8')),
  );
  return `\n---\n\n${name}:\n\n${file}`;
});
const own = await readFile('LICENSE', 'utf8');
await writeFile('dist/LICENSE', own + (await Promise.all(licenses)).join(''));
