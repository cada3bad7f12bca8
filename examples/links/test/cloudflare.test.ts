import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { workersTests } from '@edge-ping/serve-testing/targets';
import { bundleWorker, startWorker } from '@edge-ping/serve-testing/worker';
import { expect, onTestFinished, test } from 'vitest';
import { ADMIN_TOKEN } from './contract.ts';
import { addLink } from './links.ts';
import { service } from './service.ts';

workersTests(service);

test('the cron job removes what has expired, and its slug is free again', async () => {
  const state = await mkdtemp(join(tmpdir(), 'links-'));
  await service.state?.workers?.(state);
  const { url, stop } = await startWorker(await bundleWorker(), { ADMIN_TOKEN }, state);
  onTestFinished(async () => {
    await stop();
    await rm(state, { recursive: true });
  });
  await addLink(url, { slug: 'old', expiresIn: 1 });
  await addLink(url, { slug: 'new' });
  await expect.poll(async () => (await send(url, { path: '/old' })).status).toBe(404);
  await expect(addLink(url, { slug: 'old' })).rejects.toThrow('Taken');
  expect(await send(url, { path: '/cdn-cgi/local/scheduled' })).toMatchObject({ body: 'ok' });
  await addLink(url, { slug: 'old' });
  await expect(addLink(url, { slug: 'new' })).rejects.toThrow('Taken');
});
