import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const readme = await readFile(join(root, 'README.md'), 'utf8');

test('the program of the README is right by the compiler', async () => {
  const [, program = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  expect(program).toContain('@edge-ping/serve-testing');
  const directory = await mkdtemp(join(root, 'readme-')); // where the package finds itself
  await writeFile(join(directory, 'program.ts'), program);
  const config = { extends: '../tsconfig.json', compilerOptions: { rootDir: '..' } };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ ...config, include: ['.'] }));
  const { stdout, ended } = run(['tsc', '-p', directory]);
  const code = await ended;
  await rm(directory, { recursive: true });
  expect(code, stdout.join('\n')).toBe(0);
});

test('the README names each import', () => {
  const named = readme.match(/(?<=^\| `@edge-ping\/serve-testing)\/[\w-]+/gm);
  expect(named?.map((path) => `.${path}`).sort()).toEqual(Object.keys(manifest.exports));
});
