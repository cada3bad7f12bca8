import { send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe } from 'vitest';
import { fixtureWorker } from '../support/worker.ts';
import { backgroundTests } from './runner.ts';

describe('what goes on after a response, in workerd', () =>
  backgroundTests(async () => {
    const target = await startWorker(await fixtureWorker());
    return { ...target, send: (sent) => send(target.url, sent) };
  }));
