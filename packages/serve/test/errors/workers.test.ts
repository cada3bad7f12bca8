import { describe } from 'vitest';
import { send } from '../../src/testing/client.ts';
import { bundleWorker, startWorker } from '../../src/testing/worker.ts';
import { errorsWorkerConfig } from '../support/targets.ts';
import { errorTests } from './runner.ts';

describe('the errors of any app, in workerd', () =>
  errorTests(async () => {
    const target = await startWorker(await bundleWorker(errorsWorkerConfig));
    return { ...target, send: (_, sent) => send(target.url, sent) };
  }));
