import { describe } from 'vitest';
import { bundleWorker, startWorker } from '../../src/testing/worker.ts';
import { workerConfig } from '../support/targets.ts';
import { anyAppTestsAt } from './runner.ts';

describe('any app, in workerd', () =>
  anyAppTestsAt(async (env) => startWorker(await bundleWorker(workerConfig), env), {
    platform: 'onWorkers',
  }));
