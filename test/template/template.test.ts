import { globSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { expect, test } from 'vitest';
import { contract } from '../contract.ts';
import { insert, snippets } from './page.ts';

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

test('the app and its adapters are at most 70 lines', () => {
  const files = ['src/app.ts', ...globSync('adapters/*.ts')];
  expect(files.flatMap(linesOf).length).toBeLessThanOrEqual(70);
});

test.each(globSync('src/**/*.ts'))('%s imports nothing but hono', (path) => {
  const names = linesOf(path).flatMap(
    (line) => /\b(?:from |import |import\()'([^']+)'/.exec(line)?.[1] ?? [],
  );
  expect(names.filter((name) => !/^(\.\/|hono(\/|$))/.test(name))).toEqual([]);
});

// A user's README may lag behind the contract; the template's may not.
test('the table of the README has only cases of the contract', () => {
  const rows = linesOf('README.md').flatMap((line) => /^\| `([A-Z]+ \/.*?)`/.exec(line)?.[1] ?? []);
  expect(rows).not.toEqual([]);
  const requests = contract.map(({ method, path }) => `${method} ${path}`);
  expect(rows.filter((row) => !requests.includes(row))).toEqual([]);
});

test('the code of docs/your-service.md is right by the compiler', async () => {
  const files = new Set(snippets.map(({ file }) => file));
  expect([...files].toSorted()).toEqual([
    'adapters/lambda.ts',
    'adapters/node.ts',
    'src/app.ts',
    'test/contract.ts',
  ]);
  await mkdir('dist', { recursive: true });
  const directory = await mkdtemp('dist/page-'); // where the packages are found
  try {
    const needed = ['src', 'adapters', 'test/contract.ts', 'package.json', 'tsconfig.json'];
    for (const path of needed) await cp(path, join(directory, path), { recursive: true });
    for (const { file, code } of snippets) {
      const path = join(directory, file);
      await writeFile(path, insert(await readFile(path, 'utf8'), file, code));
    }
    for (const folder of [join(directory, 'src'), directory]) {
      const { stdout, ended } = run(['tsc', '-p', folder]);
      expect(await ended, stdout.join('\n')).toBe(0);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
