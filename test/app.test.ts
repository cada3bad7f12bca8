import { describe } from 'vitest';
import { app } from '../src/app.ts';
import { contractTests } from './support/contract-tests.ts';

describe('in process', () => {
  contractTests(async ({ method = 'GET', path, headers = {}, requestBody }) => {
    const response = await app.request(path, { method, headers, body: requestBody ?? null });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  }, {});
});
