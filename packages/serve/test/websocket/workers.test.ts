import { describe } from 'vitest';
import { bundleWorker, startWorker } from '../../src/testing/worker.ts';
import { workerConfig } from '../support/targets.ts';
import { socketTests } from './runner.ts';

describe('WebSockets, in workerd', () =>
  socketTests(async () => startWorker(await bundleWorker(workerConfig))));
