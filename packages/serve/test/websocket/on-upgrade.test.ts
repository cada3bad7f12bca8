import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { send } from '@edge-ping/serve-testing/client';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { AccessRecord } from '../../src/index.ts';
import { type AppServer, createServer } from '../../src/node/serve.ts';
import { rawConnection } from '../support/raw.ts';
import { openSocket } from './client.ts';
import { frame, handshakeRequest, opcodes } from './frames.ts';

// A program that serves WebSockets by ws, without Hono.

let server: AppServer | undefined;
afterEach(() => server?.close(0));

/** Starts it; `waitFor` lets it take its time before it answers. */
const start = async (
  waitFor: (incoming: IncomingMessage, socket: Duplex) => unknown = () => {},
) => {
  const records: AccessRecord[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const app = new Hono().get('/', (c) => c.text('Hello'));
  server = createServer(app, {
    accessLog: (record) => void records.push(record),
    async onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer) {
      await waitFor(incoming, socket);
      sockets.handleUpgrade(incoming, socket, head, (ws) =>
        ws.on('message', (data) => ws.send(String(data))),
      );
    },
  });
  const { port } = await server.listen(0, '127.0.0.1');
  return { server, port, url: `http://127.0.0.1:${port}`, records };
};

test('what the app does not answer is handed over, and has a record', async () => {
  const { url, records } = await start();
  const client = await openSocket(`${url}/socket`);
  client.ws.send('a');
  await client.messages(1);
  expect(client.received).toEqual(['a']);
  client.ws.close(1000);
  expect((await client.closed)[0]).toBe(1000);
  await expect
    .poll(() => records)
    .toEqual([expect.objectContaining({ uri: '/socket', status: 101, error: '' })]);
});

test('what the app answers is not handed over', async () => {
  const { port } = await start(() => expect.unreachable());
  const connection = rawConnection(port);
  connection.write(handshakeRequest('/'));
  expect((await connection.response()).body).toBe('Hello');
  connection.socket.destroy();
});

test('other requests that the app does not answer are not handed over', async () => {
  const { url } = await start(() => expect.unreachable());
  expect((await send(url, { path: '/socket' })).status).toBe(404);
});

test('nothing is lost that comes with the handshake, or before its response', async () => {
  const { promise: isTime, resolve } = Promise.withResolvers<void>();
  const { port } = await start(() => isTime);
  const connection = rawConnection(port);
  connection.write(handshakeRequest('/socket') + frame(opcodes.text, 'first'));
  await once(connection.socket, 'connect');
  connection.write(frame(opcodes.text, 'second'));
  resolve();
  expect((await connection.response()).status).toBe(101);
  connection.write(frame(opcodes.close));
  expect(await connection.end()).toBe('\x81\x05first\x81\x06second\x88\x00');
  connection.socket.end();
});

test.each([
  ['401, which is refused by hand', (socket: Duplex) => socket.end('HTTP/1.1 401 No\r\n\r\n'), 401],
  ['499, if nothing was sent', (socket: Duplex) => socket.destroy(), 499],
])('the record has the status that was sent: %s', async (_, refuse, status) => {
  const { port, records } = await start((_incoming, socket) => {
    refuse(socket);
    return new Promise(() => {});
  });
  const connection = rawConnection(port);
  connection.write(handshakeRequest('/socket'));
  await connection.end().catch(() => {});
  connection.socket.destroy();
  await expect.poll(() => records).toEqual([expect.objectContaining({ status })]);
});

test('they are closed by the shutdown', async () => {
  const { url, server } = await start();
  const client = await openSocket(`${url}/socket`);
  const closing = server.close(10_000);
  await client.closed;
  expect(await closing).toBe(true);
});
