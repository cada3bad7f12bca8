import { once } from 'node:events';
import { send } from '@edge-ping/serve-testing/client';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { maxConcurrentRequests } from '../src/index.ts';
import { createServer } from '../src/node/serve.ts';
import { rawConnection } from './support/raw.ts';

let held: PromiseWithResolvers<void>;
let begun = 0;
let most = 0;
let handled = 0;
const app = new Hono();
app.use('/patient/left', async (c, next) => {
  await new Promise((resolve) => c.req.raw.signal.addEventListener('abort', resolve));
  await next();
});
app.use('/patient/*', maxConcurrentRequests(2, { wait: 60_000 }));
app.use('/impatient/*', maxConcurrentRequests(2, { wait: 20 }));
app.get('/:patience/held', async (c) => {
  begun += 1;
  handled += 1;
  most = Math.max(most, handled);
  await held.promise;
  handled -= 1;
  return c.text('held');
});
app.get('/:patience/left', () => {
  begun += 1;
  return new Response();
});
app.get('/:patience/throws', () => {
  throw new Error('a fault');
});

const server = createServer(app, { accessLog: false, errorLog: () => {} });
let url: string;
let port: number;
beforeAll(async () => {
  ({ port } = await server.listen(0, '127.0.0.1'));
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  held = Promise.withResolvers();
  begun = 0;
  most = 0;
});

const get = (path: string) => send(url, { path });

test('so many requests are handled at once, and further ones in their turn', async () => {
  const requests = Array.from({ length: 7 }, () => get('/patient/held'));
  await expect.poll(() => begun).toBe(2);
  held.resolve();
  for (const { status } of await Promise.all(requests)) expect(status).toBe(200);
  expect([begun, most]).toEqual([7, 2]);
});

test('what waits for too long gets 503 with Retry-After, and others are served afterwards', async () => {
  const requests = [get('/impatient/held'), get('/impatient/held')];
  await expect.poll(() => begun).toBe(2);
  const { status, headers, body } = await get('/impatient/held');
  expect([status, headers['retry-after'], body]).toEqual([
    503,
    '1',
    '{"message":"Service Unavailable"}',
  ]);
  held.resolve();
  await Promise.all(requests);
  expect((await get('/impatient/held')).status).toBe(200);
});

test('a client that leaves while it waits takes no turn', async () => {
  const requests = [get('/patient/held'), get('/patient/held')];
  await expect.poll(() => begun).toBe(2);
  const leaving = rawConnection(port);
  leaving.write('GET /patient/held HTTP/1.1\r\nHost: h\r\n\r\n');
  const waiting = get('/patient/held');
  await once(leaving.socket, 'connect');
  await get('/'); // so that the request before it on another connection has come
  leaving.socket.resetAndDestroy();
  await get('/');
  held.resolve();
  await Promise.all([...requests, waiting]);
  expect(begun).toBe(3);
});

test('a client that has left before takes none, either', async () => {
  const requests = [get('/patient/held'), get('/patient/held')];
  await expect.poll(() => begun).toBe(2);
  const leaving = rawConnection(port);
  leaving.write('GET /patient/left HTTP/1.1\r\nHost: h\r\n\r\n');
  await once(leaving.socket, 'connect');
  await get('/');
  leaving.socket.resetAndDestroy();
  await get('/');
  held.resolve();
  await Promise.all(requests);
  await get('/');
  expect(begun).toBe(2);
});

test.each([
  [Number.NaN, 1_000, 'maxConcurrentRequests: max=NaN: must be an integer from 0 to 2147483647'],
  [0.5, 1_000, 'maxConcurrentRequests: max=0.5: must be an integer from 0 to 2147483647'],
  [-1, 1_000, 'maxConcurrentRequests: max=-1: must be an integer from 0 to 2147483647'],
  [
    1,
    Number.POSITIVE_INFINITY,
    'maxConcurrentRequests: wait=Infinity: must be an integer from 0 to 2147483647',
  ],
])('with %d and %d there is no such middleware', (max, wait, message) => {
  expect(() => maxConcurrentRequests(max, { wait })).toThrow(new RangeError(message));
});

test('a handler that throws gives its place away, too', async () => {
  for (let round = 0; round < 5; round += 1)
    expect((await get('/impatient/throws')).status).toBe(500);
});
