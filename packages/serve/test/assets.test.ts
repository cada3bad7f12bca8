import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { Hono } from 'hono';
import { beforeAll, expect, test } from 'vitest';
import { type Assets, assets, createServer } from '../src/node/serve.ts';

let folder: string;
let url: string;
beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'assets-'));
  folder = join(root, 'public');
  await mkdir(join(folder, 'a b'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'a secret');
  await writeFile(join(folder, 'index.html'), '<title>A page</title>');
  await writeFile(join(folder, 'a.css'), 'a { color: red }');
  await writeFile(join(folder, 'a b/index.html'), 'in a folder');
  await writeFile(join(folder, '100%.txt'), 'all');
  await writeFile(join(folder, 'empty.txt'), '');
  for (const file of ['_headers', '_redirects', '.assetsignore'])
    await writeFile(join(folder, file), 'for Workers');
  await symlink(folder, join(folder, 'loop'));

  const app = new Hono<{ Bindings: { ASSETS: Assets } }>();
  app.get('*', async (c) => {
    const asset = await c.env.ASSETS.fetch(c.req.raw);
    return asset.status === 404 ? c.notFound() : c.newResponse(asset.body, asset);
  });
  app.notFound((c) => c.json({ message: 'Not Found' }, 404));
  const server = createServer(app, {
    accessLog: false,
    errorLog: () => {},
    bindings: { ASSETS: assets(folder) },
  });
  const { port } = await server.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${port}`;
  return async () => {
    await server.close();
    await rm(root, { recursive: true });
  };
});

test.each([
  ['/', 'text/html; charset=utf-8', '<title>A page</title>'],
  ['/index.html', 'text/html; charset=utf-8', '<title>A page</title>'],
  ['/a.css?v=1', 'text/css; charset=utf-8', 'a { color: red }'],
  ['/a%20b/', 'text/html; charset=utf-8', 'in a folder'],
  ['/100%25.txt', 'text/plain; charset=utf-8', 'all'],
  ['/empty.txt', 'text/plain; charset=utf-8', ''],
])('%s is served, with its type and its length', async (path, type, content) => {
  const header = {
    'content-type': type,
    'content-length': String(content.length),
    'x-content-type-options': 'nosniff',
  };
  expect(await send(url, { path })).toMatchObject({ status: 200, headers: header, body: content });
  const head = await send(url, { method: 'HEAD', path });
  expect(head).toMatchObject({ status: 200, headers: header, body: '' });
});

test.each([
  '/nope',
  '/a.css/',
  '/_headers',
  '/_redirects',
  '/.assetsignore',
  '/%5Fheaders',
  '//_headers',
  '/./_headers',
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/..%5csecret.txt',
  '/a%00.css',
  '/%',
  '/%ff',
])('%s is not found', async (path) => {
  const { status, body } = await send(url, { path });
  expect([status, body]).toEqual([404, '{"message":"Not Found"}']);
});

test('a part is served', async () => {
  const { status, headers, body } = await send(url, {
    path: '/a.css',
    headers: { Range: 'bytes=4-8' },
  });
  expect([status, headers['content-range'], body]).toEqual([206, 'bytes 4-8/16', 'color']);
});

test.each(['nope', 'package.json'])('without a folder %s there are none', (path) => {
  expect(() => assets(path)).toThrow(`assets("${path}"): must be a folder`);
});
