import { describe } from 'vitest';
import { send } from '../../src/testing/client.ts';
import { startWorker } from '../../src/testing/worker.ts';
import { fixtureWorker } from '../support/targets.ts';
import { appLogTests } from './runner.ts';

describe("the app's log, in workerd", () =>
  appLogTests(async () => {
    const worker = await startWorker(await fixtureWorker());
    return { ...worker, send: (sent) => send(worker.url, sent) };
  }));
