import { startWranglerDev } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, describe } from 'vitest';
import { contractTestsAt } from './support/contract-tests.ts';

describe('wrangler dev', () => {
  let dev: Awaited<ReturnType<typeof startWranglerDev>>;
  beforeAll(async () => {
    dev = await startWranglerDev();
  });
  afterAll(() => dev.stop());

  contractTestsAt(() => dev.url);
});
