import { describe, expect, test, vi } from 'vitest';
import { app } from '../src/app.ts';
import { contractTests } from './support/contract-tests.ts';

describe('in process', () => {
  contractTests(async ({ method = 'GET', path, requestBody }) => {
    const response = await app.request(path, { method, body: requestBody ?? null });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  }, {});
});

test('a handler that throws needs nothing from an adapter', async () => {
  vi.resetModules(); // the router of the app above takes no more routes
  const { app } = await import('../src/app.ts');
  app.get('/throw', () => {
    throw new Error('a secret');
  });
  const response = await app.request('/throw');
  expect([response.status, await response.text()]).toEqual([
    500,
    '{"message":"Internal Server Error"}',
  ]);
});
