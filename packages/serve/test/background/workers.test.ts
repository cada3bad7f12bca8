import { describe } from 'vitest';
import { send } from '../../src/testing/client.ts';
import { startWorker } from '../../src/testing/worker.ts';
import { fixtureWorker } from '../support/targets.ts';
import { backgroundTests } from './runner.ts';

describe('what goes on after a response, in workerd', () =>
  backgroundTests(async () => {
    const target = await startWorker(await fixtureWorker());
    return { ...target, send: (sent) => send(target.url, sent) };
  }));
