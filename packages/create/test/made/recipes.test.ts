import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, run } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeService, succeed } from './made-service.ts';
import { insert, snippets } from './page.ts';

const TIMEOUT = 600_000;
const NAME = 'shortly';
// Sections of the page with an adapter of their own, which are tried alone.
const FILES = 'Static files';
const SETTINGS = 'A setting that must be there';
const triedAlone = [FILES, SETTINGS, 'Postgres'];

/** Makes a block of settings count that is commented out. */
const uncomment = (text: string, begin: string): string => {
  const at = text.indexOf(`# ${begin}`);
  const end = text.indexOf('\n\n', at);
  return text.slice(0, at) + text.slice(at, end).replaceAll(/^# /gm, '') + text.slice(end);
};

let service: string;
beforeAll(async () => {
  service = await makeService(NAME, '--targets node,container,workers,lambda');
}, TIMEOUT);
afterAll(() => rm(dirname(service), { recursive: true }), TIMEOUT);

const edit = async (
  file: string,
  change: (text: string) => string,
  folder = service,
): Promise<void> => {
  const path = join(folder, file);
  await writeFile(path, change(existsSync(path) ? await readFile(path, 'utf8') : ''));
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

test('several services are made at a time', { timeout: TIMEOUT }, async () => {
  const made = await Promise.all(
    ['one', 'two', 'three'].map((name) => makeService(name, '--no-install')),
  );
  for (const folder of made) {
    expect(readdirSync(join(folder, 'vendor'))).toHaveLength(2);
    await rm(dirname(folder), { recursive: true });
  }
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
  for (const { section, file, code } of snippets)
    if (!triedAlone.includes(section)) await edit(file, (text) => insert(text, file, code));
  await edit('wrangler.toml', (text) => uncomment(text, '[[kv_namespaces'));
  await succeed('npm install zod ws', service);
  const ofZod = "import { z } from 'zod';\napp.get('/z', (c) => c.json(z.int().parse(1)));";
  await edit('src/app.ts', (text) => insert(text, 'src/app.ts', ofZod));
  await succeed('npx biome check --write . && npm test && npm run check', service);
});

/** Makes a service with the code of one section, and removes it afterwards. */
const tryAlone = async (section: string, use: (folder: string) => Promise<unknown>) => {
  const other = await makeService('other', '--targets node,container,workers --no-install');
  try {
    for (const { section: name, file, code } of snippets)
      if (name === section) await edit(file, (text) => insert(text, file, code), other);
    await succeed(`cp -r ${join(service, 'node_modules')} .`, other);
    await use(other);
  } finally {
    await rm(dirname(other), { recursive: true });
  }
};

test('a setting that must be there', { timeout: TIMEOUT }, () =>
  tryAlone(SETTINGS, async (other) => {
    const start = (env: object) =>
      run(['npm', 'start', '--silent'], { cwd: other, env: { ...process.env, PORT: '0', ...env } });
    const without = start({});
    expect(await without.ended).toBe(1);
    expect([...without.stdout, ...without.stderr]).toEqual([
      'GREETING: Invalid input: expected string, received undefined',
    ]);
    const greeting = `{ method: 'GET', path: '/greeting', status: 200, headers: {}, body: 'Hi' },`;
    await edit('test/contract.ts', (text) => insert(text, 'test/contract.ts', greeting), other);
    const env = "  env: { GREETING: 'Hi' },\n";
    await edit('test/service.ts', (text) => insert(text, 'test/service.ts', env), other);
    await succeed('npx biome check --write . && npm test && npm run check', other);
  }),
);

test('static files are the same on Node and on Workers', { timeout: TIMEOUT }, () =>
  tryAlone(FILES, async (other) => {
    await edit('wrangler.toml', (text) => uncomment(text, '[assets'), other);
    await mkdir(join(other, 'public'));
    await writeFile(join(other, 'public/a.css'), 'a {}');
    const file = `{ method: 'GET', path: '/a.css', status: 200, headers: { 'content-type': 'text/css; charset=utf-8' }, body: 'a {}' },`;
    await edit('test/contract.ts', (text) => insert(text, 'test/contract.ts', file), other);
    const assets = "import { assets } from '@edge-ping/serve/node';\n";
    const bindings = "  bindings: { ASSETS: assets('public') },\n";
    await edit(
      'test/service.ts',
      (text) => assets + insert(text, 'test/service.ts', bindings),
      other,
    );
    await succeed('npx biome check --write . && npm test && npm run check', other);
  }),
);

// With the page in JSX, as the step before has left it. Editors such as Vim save a file by replacing it, which
// `node --watch` notices once only: https://github.com/nodejs/node/issues/54774
test('npm run dev notices every save, in place and by a new file', {
  timeout: TIMEOUT,
}, async () => {
  const port = await freePort();
  const { child, stdout, stderr, ended } = run(['npm', 'run', 'dev'], {
    cwd: service,
    env: { ...process.env, PORT: String(port), DATABASE: ':memory:', GREETING: 'Hello' },
    detached: true, // a group of its own, to which a terminal sends Ctrl-C
  });
  const page = join(service, 'src/page.tsx');
  const source = await readFile(page, 'utf8');
  const expectGreeting = (greeting: string) =>
    expect
      .poll(
        () =>
          send(`http://127.0.0.1:${port}`, { path: '/page/Ada' }).then(({ body }) => body, String),
        { timeout: 20_000, message: [...stdout, ...stderr].join('\n') },
      )
      .toContain(`<h1>${greeting}, Ada</h1>`);
  await expectGreeting('Hello');
  for (const greeting of ['One', 'Two', 'Three']) {
    await writeFile(`${page}~`, source.replace('Hello', greeting));
    await rename(`${page}~`, page);
    await expectGreeting(greeting);
  }
  await writeFile(page, source);
  await expectGreeting('Hello');
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await ended;
  await expect(send(`http://127.0.0.1:${port}`, { path: '/' })).rejects.toThrow('ECONNREFUSED');
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
