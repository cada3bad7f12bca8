import { send } from '@edge-ping/serve-testing/client';
import { bundleWorker, startWorker } from '@edge-ping/serve-testing/worker';
import { describe } from 'vitest';
import { errorsWorkerConfig } from '../support/worker.ts';
import { errorTests } from './runner.ts';

describe('the errors of any app, in workerd', () =>
  errorTests(async () => {
    const target = await startWorker(await bundleWorker(errorsWorkerConfig));
    return { ...target, send: (_, sent) => send(target.url, sent) };
  }));
