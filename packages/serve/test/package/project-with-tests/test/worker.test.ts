import { send } from '@edge-ping/serve-testing/client';
import { bundleWorker, startWorker, startWranglerDev } from '@edge-ping/serve-testing/worker';
import { expect, test } from 'vitest';

test.each([
  ['startWorker', async () => startWorker(await bundleWorker())],
  ['startWranglerDev', () => startWranglerDev()],
])('%s', async (_, start) => {
  const worker = await start();
  expect(await send(worker.url, { path: '/' })).toMatchObject({ body: 'Cloudflare-Workers' });
  await worker.stop();
});
