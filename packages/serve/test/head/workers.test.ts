import { type Sent, send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe } from 'vitest';
import type { FixtureEnv } from '../any-app/runner.ts';
import { fixtureWorker, oldWorkerConfig } from '../support/worker.ts';
import { headTests, methodTests } from './runner.ts';

const starting = (config?: string) => async (env: FixtureEnv) => {
  const target = await startWorker(await fixtureWorker(config), env);
  return { ...target, send: (sent: Sent) => send(target.url, sent) };
};

describe('HEAD, in workerd', () => {
  methodTests(starting());
  headTests(
    starting(),
    // How long the body of a GET is, workerd sees only when it sends it.
    ({ date: _, 'content-length': __, 'transfer-encoding': ___, ...headers }) => headers,
  );
});

describe('HEAD, in workerd as of 2021', () => methodTests(starting(oldWorkerConfig)));
