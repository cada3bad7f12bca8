import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type NodeBindings } from '../src/node/serve.ts';
import { upgradeWebSocket } from '../src/websocket/node.ts';
import { rawConnection } from './support/raw.ts';
import { openSocket } from './websocket/client.ts';

// What an app does with Node's own objects goes as it does with Node's own server.

const storage = new AsyncLocalStorage<string>();
const events: string[] = [];
const app = new Hono<{ Bindings: NodeBindings }>();

/** Tells of the events of a request, and of its response. */
const tell = (incoming: IncomingMessage, outgoing: ServerResponse) => {
  for (const name of ['end', 'aborted', 'close'])
    incoming.on(name, () => events.push(`request ${name}`));
  outgoing.on('close', () => events.push('response close'));
};

app.use(async (c, next) => storage.run(c.req.path, next));
app.all('/events', async (c) => {
  const { incoming, outgoing } = c.env;
  tell(incoming, outgoing);
  events.push(`destroyed: ${incoming.destroyed}`);
  outgoing.write('first');
  await nextTurn();
  outgoing.end('last');
  return RESPONSE_ALREADY_SENT;
});
app.all('/left', async (c) => {
  tell(c.env.incoming, c.env.outgoing);
  await once(c.env.outgoing, 'close');
  await nextTurn();
  events.push(`destroyed: ${c.env.incoming.destroyed}`);
  return RESPONSE_ALREADY_SENT;
});
app.all('/reason', async (c) => {
  const { signal } = c.req.raw;
  await once(signal, 'abort');
  events.push(String(signal.reason));
  return c.text('late');
});
app.all('/read-limited', bodyLimit({ maxSize: 10 }), async (c) =>
  c.text(`read: ${await c.req.text()}`),
);
app.get('/slow', async (c) => {
  await nextTurn();
  return c.text('slow');
});
app.get('/context/:name', (c) => c.text(storage.getStore() ?? 'none'));
// What a framework does that has classes of its own, as Express has.
app.get('/prototype', (c) => {
  const { outgoing } = c.env;
  Object.setPrototypeOf(outgoing, Object.create(Object.getPrototypeOf(outgoing)));
  Object.setPrototypeOf(c.env.incoming, Object.create(Object.getPrototypeOf(c.env.incoming)));
  outgoing.setHeader('Transfer-Encoding', 'evil').end('replaced');
  return RESPONSE_ALREADY_SENT;
});
app.get(
  '/socket',
  upgradeWebSocket(() => ({
    onOpen: (_, ws) => ws.send(storage.getStore() ?? 'none'),
    onMessage: (_, ws) => ws.send(storage.getStore() ?? 'none'),
    onClose: () => void events.push(`closed in ${storage.getStore()}`),
  })),
);

const server = createServer(app, { accessLog: false, errorLog: () => {} });
let port = 0;
beforeAll(async () => {
  ({ port } = await server.listen(0, '127.0.0.1'));
});
afterAll(async () => {
  expect(await server.close(1_000)).toBe(true);
});

test.each([
  ['GET', ''],
  ['POST', 'Content-Length: 0\r\n'],
])('%s: a request ends once, and is closed with its response', async (method, fields) => {
  events.length = 0;
  const connection = rawConnection(port);
  connection.write(`${method} /events HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`);
  await connection.end();
  await expect.poll(() => events).toHaveLength(4);
  expect(events[0]).toBe('destroyed: false');
  expect(events.slice(1).toSorted()).toEqual(['request close', 'request end', 'response close']);
  connection.socket.destroy();
});

test.each(['', 'Content-Length: 3\r\n'])(
  'a client that leaves aborts the request: %j',
  async (fields) => {
    events.length = 0;
    const connection = rawConnection(port);
    connection.write(`POST /left HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
    await once(connection.socket, 'connect');
    await nextTurn();
    connection.socket.resetAndDestroy();
    await expect.poll(() => events).toContain('destroyed: true');
    expect(events).toContain('request aborted');
    expect(events).toContain('request close');
  },
);

test('the signal has the same reason whatever the method', async () => {
  events.length = 0;
  for (const [index, method] of ['GET', 'POST', 'DELETE'].entries()) {
    const connection = rawConnection(port);
    connection.write(`${method} /reason HTTP/1.1\r\nHost: h\r\n\r\n`);
    await once(connection.socket, 'connect');
    await nextTurn();
    connection.socket.destroy();
    await expect.poll(() => events).toHaveLength(index + 1);
  }
  expect(new Set(events).size).toBe(1);
});

test.each(['DELETE', 'OPTIONS', 'POST', 'GET'])(
  'a body that a %s does not have can be read, and limited',
  async (method) => {
    const connection = rawConnection(port);
    connection.write(`${method} /read-limited HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect(await connection.response()).toMatchObject({ status: 200, body: 'read: ' });
    connection.socket.destroy();
  },
);

test('each of pipelined requests runs in an async context of its own', async () => {
  const connection = rawConnection(port);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
  connection.write(get('/slow') + get('/context/a') + get('/context/b'));
  await connection.response();
  expect((await connection.response()).body).toBe('/context/a');
  expect((await connection.response()).body).toBe('/context/b');
  connection.socket.destroy();
});

test('an app may replace the prototypes of both', async () => {
  const connection = rawConnection(port);
  connection.write('GET /prototype HTTP/1.1\r\nHost: h\r\n\r\n');
  const { status, body, headers } = await connection.response();
  expect([status, body]).toEqual([200, 'replaced']);
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
  connection.socket.destroy();
});

test('all callbacks of a WebSocket run in the async context of its handshake', async () => {
  events.length = 0;
  const client = await openSocket(`http://127.0.0.1:${port}/socket`);
  client.ws.send('a');
  await client.messages(2);
  expect(client.received).toEqual(['/socket', '/socket']);
  client.ws.close();
  await expect.poll(() => events).toEqual(['closed in /socket']);
});

test('a body that fails on a connection whose end is its end is cut by a reset', async () => {
  const connection = rawConnection(port);
  connection.write('GET /failing HTTP/1.0\r\n\r\n');
  await expect(connection.end()).rejects.toThrow('ECONNRESET');
});
app.get('/failing', (c) => {
  let pulls = 0;
  const pull = async (controller: ReadableStreamDefaultController) => {
    await nextTurn();
    if (pulls++ === 5) throw new Error('the source has failed');
    controller.enqueue(Buffer.from('more'));
  };
  return c.body(new ReadableStream({ pull }));
});
