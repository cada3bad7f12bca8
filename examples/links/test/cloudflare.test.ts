import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { run } from '@edge-ping/serve-testing/process';
import {
  bundleWorker,
  startWorker,
  startWranglerDev,
  wranglerEnv,
} from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN } from './contract.ts';
import { addLink, serviceTests } from './service-tests.ts';

/** Makes a folder for the state of a Worker, with the migrations applied. */
const makeState = async (): Promise<string> => {
  const state = await mkdtemp(join(tmpdir(), 'links-'));
  const command = 'wrangler d1 migrations apply DB --local --persist-to';
  const { ended, stdout, stderr } = run([...command.split(' '), state], { env: wranglerEnv });
  expect(await ended, [...stdout, ...stderr].join('\n')).toBe(0);
  return state;
};

describe('the bundle that wrangler uploads, in workerd', () => {
  let state: string;
  let worker: Awaited<ReturnType<typeof startWorker>>;
  let output: string;
  beforeAll(async () => {
    state = await makeState();
    const bundle = await bundleWorker();
    ({ output } = bundle);
    worker = await startWorker(bundle, { ADMIN_TOKEN }, state);
  });
  afterAll(async () => {
    await worker.stop();
    await rm(state, { recursive: true });
  });

  serviceTests(() => worker.url);

  test('is made without a warning', () => {
    expect(output).not.toMatch(/warn/i);
  });

  test('the cron job removes what has expired, and its slug is free again', async () => {
    await addLink(worker.url, { slug: 'old', expiresIn: 1 });
    await addLink(worker.url, { slug: 'new' });
    await expect.poll(async () => (await send(worker.url, { path: '/old' })).status).toBe(404);
    await expect(addLink(worker.url, { slug: 'old' })).rejects.toThrow('Taken');
    expect(await send(worker.url, { path: '/cdn-cgi/local/scheduled' })).toMatchObject({
      body: 'ok',
    });
    await addLink(worker.url, { slug: 'old' });
    await expect(addLink(worker.url, { slug: 'new' })).rejects.toThrow('Taken');
  });
});

describe('wrangler dev', () => {
  let state: string;
  let dev: Awaited<ReturnType<typeof startWranglerDev>>;
  beforeAll(async () => {
    state = await makeState();
    dev = await startWranglerDev('wrangler.toml', { ADMIN_TOKEN }, state);
  });
  afterAll(async () => {
    await dev.stop();
    await rm(state, { recursive: true });
  });

  serviceTests(() => dev.url);
});
