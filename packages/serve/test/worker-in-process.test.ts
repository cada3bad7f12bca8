import { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import { type AccessRecord, type ErrorRecord, log, watch } from '../src/index.ts';
import { worker } from '../src/web/workers.ts';

const executionCtx = { waitUntil() {}, passThroughOnException() {}, props: {} };

/** The Worker of an app, and what it logs. */
const logged = (app: Hono) => {
  const records: AccessRecord[] = [];
  const errors: ErrorRecord[] = [];
  const { fetch } = worker(app, {
    accessLog: (record) => records.push(record),
    errorLog: (record) => errors.push(record),
  });
  return { records, errors, send: (request: Request) => fetch(request, {}, executionCtx) };
};

test('a client that is known to have left has a record that says so, and nobody is blamed', async () => {
  const client = new AbortController();
  const { records, errors, send } = logged(
    new Hono().get('/', (c) => {
      client.abort();
      c.req.raw.signal.throwIfAborted();
      return c.text('never sent');
    }),
  );
  await send(new Request('http://h/', { signal: client.signal }));
  expect(records).toMatchObject([{ status: 499, error: 'the client left' }]);
  expect(errors).toEqual([]);
});

test('what else fails when the client has left is logged', async () => {
  const client = new AbortController();
  const { records, errors, send } = logged(
    new Hono().get('/', () => {
      client.abort();
      throw new Error('of the app');
    }),
  );
  await send(new Request('http://h/', { signal: client.signal }));
  expect(records).toMatchObject([{ status: 500, error: 'of the app' }]);
  expect(errors).toMatchObject([{ level: 'ERROR', message: 'of the app' }]);
});

test('an accessLog may log', async () => {
  const lines: ErrorRecord[] = [];
  const { fetch } = worker(new Hono(), {
    accessLog: ({ uri }) => log().info('counted', { uri }),
    errorLog: (line) => lines.push(line),
  });
  await fetch(new Request('http://h/a'), {}, executionCtx);
  await expect.poll(() => lines).toMatchObject([{ message: 'counted', uri: '/a' }]);
});

test('an error of a watched app that is not served, as in a Durable Object, is printed', async () => {
  const print = vi.spyOn(console, 'error').mockReturnValue();
  const error = new Error('of the app');
  const app = new Hono().get('/', () => {
    throw error;
  });
  expect((await watch(app).request('/')).status).toBe(500);
  expect(print.mock.calls).toEqual([[error]]);
  vi.restoreAllMocks();
});

test('a console that fails costs no response', async () => {
  for (const method of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation(() => {
      throw new Error('of the console');
    });
  const app = new Hono().get('/', (c) => c.text('sent')).get('/error', (c) => c.text('sent', 500));
  const { fetch } = worker(app);
  for (const path of ['', 'error', 'nothing'])
    expect((await fetch(new Request(`http://h/${path}`), {}, executionCtx)).ok).toBe(path === '');
  vi.restoreAllMocks();
});
