import { send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe } from 'vitest';
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
