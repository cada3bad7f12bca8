import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { contract } from '../../../test/contract.ts';

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
