import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { makeCopy } from './copy.ts';
import { deletions, firstHour, insert, snippets } from './page.ts';

const TIMEOUT = 600_000;

let copy: string;
beforeAll(async () => {
  copy = await makeCopy();
}, TIMEOUT);
afterAll(() => rm(copy, { recursive: true }), TIMEOUT);

/** Runs a command of a shell in the copy. */
const succeed = async (command: string): Promise<void> => {
  const { stdout, stderr, ended } = run(['sh', '-c', command], { cwd: copy });
  expect(await ended, [command, ...stdout, ...stderr].join('\n')).toBe(0);
};

const edit = async (file: string, change: (text: string) => string): Promise<void> => {
  const path = join(copy, file);
  await writeFile(path, change(await readFile(path, 'utf8')));
};

/** What `npm test` has of the service itself: the library is not changed. */
const npmTest = 'npx vitest run --project targets';
/** Those of its tests that read files and start next to nothing. */
const quickly = `${npmTest} test/app.test.ts test/lockfile.test.ts test/readme.test.ts`;
const check = 'npm run check';

/** Deletes the lines of the pages that `npm test` shows, and Dependabot's entries for folders that are gone. */
const deleteMentions = async (): Promise<void> => {
  const command = `${npmTest} test/readme.test.ts 2>&1`;
  const { stdout, ended } = run(['sh', '-c', command], { cwd: copy });
  await ended;
  const shown = stdout.join('\n').matchAll(/"(\S+\.md):(\d+): /g);
  const lines = Map.groupBy(shown, ([, page = '']) => page);
  for (const [page, mentions] of lines) {
    const numbers = mentions.map(([, , line]) => Number(line));
    await edit(page, (text) =>
      text
        .split('\n')
        .filter((_, index) => !numbers.includes(index + 1))
        .join('\n'),
    );
  }
  await edit('.github/dependabot.yml', (text) => {
    const isThere = (folder: unknown) => existsSync(join(copy, String(folder)));
    const document = parse(text);
    for (const update of document.updates)
      if (update.directories) update.directories = update.directories.filter(isThere);
    document.updates = document.updates.filter(({ directory = '/' }: { directory?: string }) =>
      isThere(directory),
    );
    return stringify(document);
  });
};

// Each step goes on from the one before it, as on a first day.
test('the steps of the first hour leave the tests green', { timeout: TIMEOUT }, async () => {
  const [rename, ...others] = firstHour.filter((command) => !command.startsWith('npm test'));
  expect(rename).toBe('npm run rename -- shortly');
  for (const command of [rename, ...others]) await succeed(String(command));
  await deleteMentions();
  // A word that a file uses otherwise would be renamed with the name, the next time.
  for (const name of ['test', 'links', 'My App', '']) {
    const { stderr, ended } = run(['npm', 'run', '-s', 'rename', '--', name], { cwd: copy });
    expect(await ended).toBe(2);
    expect(stderr).toEqual([expect.stringMatching(`^"${name}": must be `)]);
  }
  for (const file of ['package.json', 'wrangler.toml', 'deploy/kubernetes.yaml', 'README.md'])
    expect(await readFile(join(copy, file), 'utf8')).not.toMatch(/(?<!@)\bedge-ping\b/);
  await succeed(`${npmTest} && ${check}`);
});

test('so do another greeting, a path that is moved, the code of the page and a dependency', {
  timeout: TIMEOUT,
}, async () => {
  for (const file of ['src/app.ts', 'test/contract.ts', 'README.md'])
    await edit(file, (text) => text.replaceAll('Hello, Docker! <3', 'Hello, World!'));
  await edit('src/app.ts', (text) => text.replace("app.get('/', ", "app.get('/hello', "));
  await edit('test/contract.ts', (text) =>
    text.replaceAll("path: '/',", "path: '/hello',").replaceAll("path: '/?", "path: '/hello?"),
  );
  for (const { file, code } of snippets) await edit(file, (text) => insert(text, file, code));
  await edit('test/app.test.ts', (text) =>
    text.replace(/(app\.request\(path, {.*})\)/, '$1, { LINKS: { get: async () => null } })'),
  );
  await edit('wrangler.toml', (text) =>
    text.replace(/(# )\[\[kv_namespaces.*\n(# .*\n)*/, (block) => block.replaceAll(/^# /gm, '')),
  );
  await succeed('npm install zod ws');
  const ofZod = "import { z } from 'zod';\napp.get('/z', (c) => c.json(z.int().parse(1)));";
  await edit('src/app.ts', (text) => insert(text, 'src/app.ts', ofZod));
  await succeed(`npx biome check --write . && ${npmTest} && ${check}`);
});

test.each(deletions)('so does $command', { timeout: TIMEOUT }, async ({ command }) => {
  await succeed(command);
  await deleteMentions();
  await succeed(`${quickly} && ${check}`);
});

test('and so do all of them together', { timeout: TIMEOUT }, async () => {
  await succeed(npmTest);
});
