import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(path, 'utf8');
const linesOf = (path: string) => read(path).split('\n').length - 1;

const rows = [...read('README.md').matchAll(/^\| `(\S+)` \| (\d+) \|/gm)];

test.each(rows.map(([, path = '', lines]) => [path, Number(lines)] as const))(
  '%s has the lines that the README says',
  (path, lines) => {
    expect(linesOf(path)).toBe(lines);
  },
);

test('the source has fewer than 400 lines', () => {
  expect(rows.reduce((sum, [, , lines]) => sum + Number(lines), 0)).toBeLessThan(400);
});

test.each(['serve', 'serve-testing'])(
  'the lockfile takes whatever tarball of %s there is',
  (name) => {
    const lockfile = JSON.parse(read('package-lock.json'));
    const { resolved, integrity } = lockfile.packages[`node_modules/@edge-ping/${name}`];
    expect(resolved).toMatch(/^file:.*\.tgz$/);
    expect(integrity).toBeUndefined();
  },
);
