import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(root, 'readme-')); // where the package finds itself
});
afterAll(() => rm(directory, { recursive: true }));

const readme = await readFile(join(root, 'README.md'), 'utf8');

test('the programs of the README are right by the compiler', async () => {
  const programs = [...readme.matchAll(/```ts\n\/\/ (\S+\.ts)\n(.*?)```/gs)];
  expect(programs.length).toBeGreaterThan(5);
  for (const [, name = '', program = ''] of programs)
    await writeFile(join(directory, name), program);
  const config = { extends: '../tsconfig.json', compilerOptions: { rootDir: '..' } };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ ...config, include: ['.'] }));
  const { stdout, ended } = run(['tsc', '-p', directory]);
  expect(await ended, stdout.join('\n')).toBe(0);
});

test('the README has the name of the tarball', () => {
  const [tarball] = /edge-ping-serve-[\w.-]+\.tgz/.exec(readme) ?? [];
  expect(tarball).toBe(`edge-ping-serve-${manifest.version}.tgz`);
});
