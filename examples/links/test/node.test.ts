import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { nodeTests } from '@edge-ping/serve-testing/targets';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { clickUntilStopped } from './clicks.ts';
import { ADMIN_TOKEN } from './contract.ts';
import { addLink, clicksOf, openLive } from './links.ts';
import { service } from './service.ts';

let folder: string;
const start = () =>
  startServer(manifest.scripts.start.split(' '), {
    env: { ADMIN_TOKEN, DATABASE: join(folder, 'links.db') },
  });

let server: ServerProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'links-'));
  server = await start();
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

nodeTests(service);

test('the smoke test of what is live makes nothing and removes nothing', async () => {
  const live = await start();
  const { ended, stdout } = run(['npm', 'run', 'smoke', '--', live.url]);
  expect(await ended, stdout.join('\n')).toBe(0);
  expect(stdout).toContain('skip    POST /links');
  await live.stop();
  expect(new Set(live.records().map(({ method }) => method))).toEqual(new Set(['GET']));
});

test('a stop under load ends the streams, says nothing, and loses no click', async () => {
  const slug = await addLink(server.url, {});
  const live = await openLive(server.url, slug);
  const found = await clickUntilStopped(server.url, slug, () => server.stop());
  expect(await server.ended).toBe(0);
  expect(await live.ended).toBe(true);
  expect(server.errors()).not.toContainEqual(expect.objectContaining({ level: 'ERROR' }));
  expect(server.stderr.filter((line) => !line.startsWith('{'))).toEqual([
    `${manifest.name} ${manifest.version} listens on http://localhost:${server.port}`,
  ]);
  server = await start();
  expect(await clicksOf(server.url, slug)).toBe(found);
});
