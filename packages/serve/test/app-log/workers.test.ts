import { send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe, expect, test } from 'vitest';
import { fixtureWorker } from '../support/worker.ts';
import { appLogTests } from './runner.ts';

describe("the app's log, in workerd", () =>
  appLogTests(
    async () => {
      const worker = await startWorker(await fixtureWorker());
      return { ...worker, send: (sent) => send(worker.url, sent) };
    },
    ['huge'], // workerd's local log shows 10,000 characters of an object, and cuts the rest
  ));

test('in a scheduled handler, a line has no id', async () => {
  const worker = await startWorker(await fixtureWorker());
  await send(worker.url, { path: '/cdn-cgi/local/scheduled' });
  const error = { message: 'scheduled', stack: expect.any(String) };
  const line = { time: expect.any(String), level: 'ERROR', message: 'could not clean up', error };
  await expect.poll(() => worker.errors()).toEqual([line]);
  await worker.stop();
});
