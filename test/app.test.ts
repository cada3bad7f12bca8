import { beforeEach, describe, expect, test, vi } from 'vitest';
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
  });
});

describe('a route that goes wrong', () => {
  beforeEach(() => vi.resetModules());

  test.each(['/throw', '/reject'])(
    '%s is a 500 that tells nothing, and is reported',
    async (path) => {
      const { app: faulty } = await import('../src/app.ts');
      await import('./fixtures/faults.ts');
      const reportError = vi.fn();
      const response = await faulty.fetch(new Request(`http://h${path}`), { reportError });
      expect(response.status).toBe(500);
      expect(response.headers.get('Content-Type')).toBe('application/json');
      expect(await response.text()).toBe('{"message":"Internal Server Error"}');
      expect(reportError).toHaveBeenCalledExactlyOnceWith(expect.any(Error));
    },
  );

  test('an HTTPException is the answer that it carries', async () => {
    const { app: faulty } = await import('../src/app.ts');
    await import('./fixtures/faults.ts');
    const reportError = vi.fn();
    const response = await faulty.fetch(new Request('http://h/teapot'), { reportError });
    expect([response.status, await response.text()]).toEqual([418, 'short and stout']);
    expect(reportError).not.toHaveBeenCalled();
  });

  test('needs nothing from an adapter', async () => {
    const { app: faulty } = await import('../src/app.ts');
    await import('./fixtures/faults.ts');
    expect((await faulty.request('/throw')).status).toBe(500);
  });
});
