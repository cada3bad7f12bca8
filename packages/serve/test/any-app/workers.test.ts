import { describe } from 'vitest';
import { bundleWorker, startWorker } from '../../src/testing/worker.ts';
import { workerConfig } from '../support/targets.ts';
import { anyAppTestsAt, fixtureEnv } from './runner.ts';

describe('any app, in workerd', () =>
  anyAppTestsAt(async () => startWorker(await bundleWorker(workerConfig), fixtureEnv), {
    platform: 'onWorkers',
  }));
