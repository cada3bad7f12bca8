import { send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe } from 'vitest';
import { fixtureWorker } from '../support/targets.ts';
import { headTests } from './runner.ts';

describe('HEAD, in workerd', () =>
  headTests(
    async (env) => {
      const target = await startWorker(await fixtureWorker(), env);
      return { ...target, send: (sent) => send(target.url, sent) };
    },
    // How long the body of a GET is, workerd sees only when it sends it.
    ({ date: _, 'content-length': __, 'transfer-encoding': ___, ...headers }) => headers,
  ));
