import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { contract } from './contract.ts';

const readme = readFileSync('README.md', 'utf8');

/** The cells of the table under a heading, row by row, without their backticks. */
const table = (heading: string): string[][] =>
  (readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('`', '').trim()),
    );

test.each(table('The contract'))(
  'its contract says of %s what the tests say',
  (request, status, body, fields = '') => {
    const expected = contract.find(({ method, path }) => `${method} ${path}` === request);
    expect([String(expected?.status), expected?.body]).toEqual([status, body]);
    const { 'x-content-type-options': _, ...headers } = expected?.headers ?? {};
    const named = fields.split(', ').map((field) => field.toLowerCase());
    if (!fields.startsWith('those of'))
      expect(
        Object.entries(headers).map(([name, value]) => `${name}: ${value}`.toLowerCase()),
      ).toEqual(named);
  },
);

test('its contract has rows', () => {
  expect(table('The contract')).toHaveLength(6);
});

test('every script that it names is there', () => {
  const named = [...readme.matchAll(/npm (?:run ([\w:]+)|(start|test))/g)];
  const scripts = new Set(named.map(([, run, short]) => run ?? short));
  expect(scripts.size).toBeGreaterThan(5);
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining([...scripts]));
});
