import { readdirSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeService, succeed } from './made-service.ts';
import { insert, snippets } from './page.ts';

const TIMEOUT = 600_000;
const NAME = 'shortly';

let service: string;
beforeAll(async () => {
  service = await makeService(NAME, '--targets node,container,workers,lambda');
}, TIMEOUT);
afterAll(() => rm(dirname(service), { recursive: true }), TIMEOUT);

const edit = async (file: string, change: (text: string) => string): Promise<void> => {
  const path = join(service, file);
  await writeFile(path, change(await readFile(path, 'utf8')));
};

test('a new service passes its tests and its checks, and has its own name', {
  timeout: TIMEOUT,
}, async () => {
  await succeed('npm test && npm run check', service);
  for (const file of ['package.json', 'package-lock.json', 'wrangler.toml', 'README.md'])
    expect(await readFile(join(service, file), 'utf8')).toContain(NAME);
  const names = "git grep --no-index -nIP '(?<![@/-])\\bedge-ping\\b' -- ':!node_modules' || true";
  const left = (await succeed(names, service)).split('\n').filter((line) => /^\S+:\d+:/.test(line));
  expect(left).toEqual([]);
});

// Each step goes on from the one before it, as on a first day.
test('another greeting, a path that is moved, the code of the page and a dependency leave its tests green', {
  timeout: TIMEOUT,
}, async () => {
  for (const file of ['src/app.ts', 'test/contract.ts'])
    await edit(file, (text) => text.replaceAll('Hello, Docker! <3', 'Hello, World!'));
  await edit('src/app.ts', (text) => text.replace("app.get('/', ", "app.get('/hello', "));
  await edit('test/contract.ts', (text) =>
    text.replaceAll("path: '/',", "path: '/hello',").replaceAll("path: '/?", "path: '/hello?"),
  );
  for (const { file, code } of snippets) await edit(file, (text) => insert(text, file, code));
  await edit('wrangler.toml', (text) =>
    text.replace(/(# )\[\[kv_namespaces.*\n(# .*\n)*/, (block) => block.replaceAll(/^# /gm, '')),
  );
  await succeed('npm install zod ws', service);
  const ofZod = "import { z } from 'zod';\napp.get('/z', (c) => c.json(z.int().parse(1)));";
  await edit('src/app.ts', (text) => insert(text, 'src/app.ts', ofZod));
  await succeed('npx biome check --write . && npm test && npm run check', service);
});

// What an earlier version has made, and its user has not changed since: with the library of today it is as it was.
const earlier = join(import.meta.dirname, 'services');

test.each(readdirSync(earlier))(
  'a service that version %s has made passes its tests and its checks',
  { timeout: TIMEOUT },
  async (version) => {
    const old = await makeService('old', '--targets node,workers,lambda --no-install');
    try {
      await cp(join(service, 'node_modules'), join(old, 'node_modules'), {
        recursive: true,
        verbatimSymlinks: true,
      });
      await cp(join(earlier, version), old, { recursive: true });
      await succeed('npm test && npm run check', old);
    } finally {
      await rm(dirname(old), { recursive: true });
    }
  },
);

test.each(['node', 'container', 'workers', 'lambda', 'workers,lambda'])(
  'a service for %s alone passes its tests and its checks',
  { timeout: TIMEOUT },
  async (targets) => {
    const alone = await makeService('alone', `--targets ${targets} --no-install`);
    try {
      // What is installed for all targets is enough for some: a lockfile would take as long again.
      await succeed(`cp -r ${join(service, 'node_modules')} . && npm test && npm run check`, alone);
    } finally {
      await rm(dirname(alone), { recursive: true });
    }
  },
);
