import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Case } from '@edge-ping/serve-testing/cases';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { contract } from '../../test/contract.ts';

const pages = globSync(['*.md', 'docs/*.md', 'packages/*/{README,reference}.md']);
const read = (page: string) => readFileSync(page, 'utf8');

/** The anchors that GitHub gives a page's headings. */
const anchors = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );

/** A path of the repository, wherever it stands in a text. */
const repositoryPath =
  /(?<![\w./-])(?:src|adapters|test|tools|docs|deploy|bench|examples|packages|\.ci|\.github)\/[\w./-]*\w/g;

describe.each(pages)('%s', (page) => {
  const text = read(page);
  /** What a pattern has found, with the line. */
  const placeOf = ({ 0: found, index }: RegExpExecArray): string =>
    `${page}:${text.slice(0, index).split('\n').length}: ${found}`;

  test('names only scripts that are in package.json', () => {
    const named = text.matchAll(/npm (?:run ([\w:]+)|(start|test)\b)(?: -w ([\w/-]+))?/g);
    const missing = [...named].filter(([, run, short = '', folder = '.']) => {
      const { scripts } = JSON.parse(read(join(folder, 'package.json')));
      return !((run ?? short) in scripts);
    });
    expect(missing.map(placeOf)).toEqual([]);
  });

  test('links only to files and headings that exist', () => {
    const broken = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].filter(
      ([, path, anchor]) => {
        const file = path ? join(dirname(page), path) : page;
        if (!existsSync(file)) return true;
        // A README of one's own has other headings.
        return anchor && file !== 'README.md' && !anchors(file).includes(anchor);
      },
    );
    expect(broken.map(placeOf)).toEqual([]);
  });

  // The changelog is about what was.
  if (page !== 'CHANGELOG.md')
    test('names only files that exist, or whose code it has', () => {
      const shown = [...text.matchAll(/^\/\/ (\S+)$/gm)].map(([, path]) => path);
      const missing = [...text.matchAll(repositoryPath)].filter(
        ([path]) =>
          !path.endsWith('/dist') &&
          !shown.includes(path) &&
          !existsSync(path) &&
          !existsSync(join(dirname(page), path)),
      );
      expect(missing.map(placeOf)).toEqual([]);
    });

  test('has the name and the version of package.json in its start lines and image tags', () => {
    for (const [, startLine] of text.matchAll(/^(\S+ \S+) listens on/gm))
      expect([manifest.name, 'my-service'].map((name) => `${name} ${manifest.version}`)).toContain(
        startLine,
      );
    const image = new RegExp(
      `(?:ghcr\\.io/[^\\s:]+|\\b${manifest.name}):(\\d+\\.\\d+\\.\\d+)`,
      'g',
    );
    for (const [, version] of text.matchAll(image)) expect(version).toBe(manifest.version);
  });
});

/** The request of a case, as the README has it. */
const requestOf = ({ method, path }: Case): string => `${method} ${path}`;

/** The rows of the table under the README's heading about the contract, if there is one, that are cases of it. */
const rows = (/^#+ .*\bcontract\b.*\n([^#]*)/im.exec(read('README.md'))?.[1] ?? '')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.replaceAll('`', '').trim()))
  .filter(([, request]) => contract.some((each) => requestOf(each) === request))
  .map((cells) => cells.slice(1, -1));

test.each(rows)(
  'the README says of %s what the contract says',
  (request, status, body, fields = '') => {
    const expected = contract.find((each) => requestOf(each) === request);
    expect([String(expected?.status), expected?.body]).toEqual([status, body]);
    const { 'x-content-type-options': _, ...headers } = expected?.headers ?? {};
    const named = fields.split(', ').map((field) => field.toLowerCase());
    if (!fields.startsWith('those of'))
      expect(
        Object.entries(headers).map(([name, value]) => `${name}: ${value}`.toLowerCase()),
      ).toEqual(named);
  },
);
