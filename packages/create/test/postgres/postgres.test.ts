import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeService, succeed } from '../made/made-service.ts';
import { insert, snippets } from '../made/page.ts';
import { startPostgres } from './postgres.ts';

const TIMEOUT = 300_000;
const CLIENTS = 20;

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let service: string;
let server: ServerProcess;
const env = () => ({ DATABASE_URL: postgres.url });
beforeAll(async () => {
  postgres = await startPostgres();
  service = await makeService('notes', '--targets node,container');
  for (const { section, file, code } of snippets) {
    if (section !== 'Postgres') continue;
    const path = join(service, file);
    const text = insert(await readFile(path, 'utf8'), file, code);
    await writeFile(path, text.replace('postgres://postgres@localhost/postgres', postgres.url));
  }
  const install = 'npm install pg && npm install --save-dev @types/pg';
  await succeed(`${install} && npx biome check --write . && npm run build`, service);
  server = await startServer(['node', 'dist/server.js'], { cwd: service, env: env() });
}, TIMEOUT);
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  await postgres.remove();
  await rm(dirname(service), { recursive: true });
}, TIMEOUT);

test('the service of the page passes its tests and its checks', { timeout: TIMEOUT }, async () => {
  await succeed('npm test && npm run check', service);
});

test('without a database the start ends with a line that says so', async () => {
  const nowhere = { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/postgres' };
  const { ended, stdout, stderr } = run(['node', 'dist/server.js'], {
    cwd: service,
    env: { ...process.env, ...nowhere },
  });
  expect(await ended).toBe(1);
  expect([...stdout, ...stderr]).toEqual(['DATABASE_URL: connect ECONNREFUSED 127.0.0.1:1']);
});

const statusOf = async (path: string) => (await send(server.url, { path })).status;

/** Writes notes from several clients until it is ended; gives the ids of those that were answered. */
const write = () => {
  const ids: number[] = [];
  let isEnded = false;
  const client = async () => {
    while (!isEnded) {
      const requestBody = JSON.stringify({ text: 'a note' });
      const { status, body } = await send(server.url, {
        method: 'POST',
        path: '/notes',
        requestBody,
      });
      if (status === 201) ids.push(JSON.parse(body).id);
      else expect(status).toBe(500);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    ids,
    async end() {
      isEnded = true;
      await clients;
    },
  };
};

test.each([
  ['is killed', () => postgres.kill(), () => postgres.start()],
  ['hangs', async () => postgres.freeze(), async () => postgres.thaw()],
])(
  'when the database %s, nothing is lost that was answered, and the service recovers by itself',
  { timeout: TIMEOUT },
  async (_, stop, start) => {
    const writing = write();
    await expect.poll(() => writing.ids.length).toBeGreaterThan(100);
    await stop();
    await expect.poll(() => statusOf('/ready')).toBe(503);
    expect(await statusOf('/health')).toBe(200);
    await sleep(1_000);
    await start();
    await expect.poll(() => statusOf('/ready')).toBe(200);
    const before = writing.ids.length;
    await expect.poll(() => writing.ids.length).toBeGreaterThan(before + 100);
    await writing.end();
    for (const id of writing.ids) expect(await statusOf(`/notes/${id}`)).toBe(200);
    // What the client was told is what the log says.
    const failed = server.errors().filter(({ level }) => level === 'ERROR');
    expect(failed.length).toBeGreaterThan(0);
  },
);

test('connections that are lost while they are idle do not end the service', async () => {
  expect(await statusOf('/ready')).toBe(200);
  await postgres.kill();
  await postgres.start();
  await expect.poll(() => statusOf('/ready')).toBe(200);
});
