import { once } from 'node:events';
import type { ServerProcess } from '@edge-ping/serve-testing/process';
import { io } from 'socket.io-client';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { Kind } from './serving.ts';
import { start } from './start.ts';

/** Ends a program; one that the library serves ends well, and has logged nothing but what it was asked. */
const end = async (server: ServerProcess, kind: Kind, requests: object[]) => {
  const code = await server.stop();
  if (kind === 'node-server') return;
  expect(code).toBe(0);
  expect(server.records()).toEqual(requests.map((request) => expect.objectContaining(request)));
  expect(server.errors()).toEqual([]);
};

describe.each<Kind>(['node-server', 'library'])('served by %s', (kind) => {
  test('ws by hand takes its own handshakes, refuses others, and leaves the rest to the app', async () => {
    const server = await start('sockets', kind);
    expect(await (await fetch(server.url)).text()).toBe('Hello');
    const refused = new WebSocket(`${server.url}/hmr`);
    const [, { statusCode }] = await once(refused, 'unexpected-response');
    expect(statusCode).toBe(401);
    refused.on('error', () => {}).terminate();
    const socket = new WebSocket(`${server.url}/hmr`, { headers: { Authorization: 'Bearer a' } });
    expect(String((await once(socket, 'message'))[0])).toBe('connected');
    for (const message of ['text', Buffer.from([0, 255]), 'x'.repeat(100_000)]) {
      socket.send(message);
      const [data, isBinary] = await once(socket, 'message');
      expect(isBinary ? data : String(data)).toEqual(message);
    }
    const closed = once(socket, 'close');
    await end(server, kind, [
      { uri: '/', status: 200 },
      { uri: '/hmr', status: 401 },
      { uri: '/hmr', status: 101 },
    ]);
    await closed;
  });

  test.each([
    { transports: ['polling'], uses: 'polling' },
    { transports: ['websocket'], uses: 'websocket' },
    { transports: ['polling', 'websocket'], uses: 'websocket' },
  ])('socket.io talks by $transports', async ({ transports, uses }) => {
    const server = await start('socketio', kind);
    const client = io(server.url, { transports, reconnection: false, forceNew: true });
    await new Promise<void>((resolve, reject) => {
      client.on('connect', resolve).on('connect_error', reject);
    });
    await expect.poll(() => client.io.engine.transport.name).toBe(uses);
    expect(await client.emitWithAck('say', 'a')).toBe(`${uses}: a`);
    expect(await client.emitWithAck('say', 'x'.repeat(50_000))).toHaveLength(uses.length + 50_002);
    expect(await (await fetch(server.url)).text()).toBe('Hello');
    const closed = new Promise((resolve) => client.on('disconnect', resolve));
    const code = await server.stop();
    await closed;
    if (kind === 'node-server') return;
    expect(code).toBe(0);
    expect(server.errors()).toEqual([]);
    const records = server.records().filter(({ uri }) => uri.startsWith('/socket.io/'));
    const socket = records.filter(({ status }) => status === 101);
    expect(socket).toHaveLength(uses === 'websocket' ? 1 : 0);
    for (const { status } of records) expect([101, 200]).toContain(status);
  });
});
