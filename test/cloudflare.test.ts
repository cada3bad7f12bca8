import { bundleWorker, startWorker, startWranglerDev } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contractTestsAt } from './support/contract-tests.ts';

type Worker = Awaited<ReturnType<typeof startWorker>>;

describe('the bundle that wrangler uploads, in workerd', () => {
  let worker: Worker;
  let output: string;
  beforeAll(async () => {
    const bundle = await bundleWorker();
    ({ output } = bundle);
    worker = await startWorker(bundle);
  });
  afterAll(() => worker.stop());

  contractTestsAt(() => worker.url);

  test('is made without a warning', () => {
    expect(output).not.toMatch(/warn/i);
  });
});

describe('wrangler dev', () => {
  let dev: Awaited<ReturnType<typeof startWranglerDev>>;
  beforeAll(async () => {
    dev = await startWranglerDev();
  });
  afterAll(() => dev.stop());

  contractTestsAt(() => dev.url);
});
