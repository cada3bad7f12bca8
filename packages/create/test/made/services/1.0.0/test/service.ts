import type { Service } from '@edge-ping/serve-testing/service';
import { contract, healthCase } from './contract.ts';

/** The service under test, on every target. */
export const service: Service = {
  contract,
  healthCase,
  app: () => import('../src/app.ts'),
  // The settings and secrets that it can't start without.
  env: {},
};
