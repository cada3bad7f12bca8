import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../src/node/serve.ts';
import { upgradeWebSocket, type WebSocketMessageEvent } from '../../src/websocket/node.ts';
import { flood, rawConnection } from '../support/raw.ts';
import { fixture, health } from '../support/targets.ts';
import { openSocket } from './client.ts';
import { frame, handshakeRequest, opcodes, rawSocket } from './frames.ts';

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
const openMany = (count: number, url: string) =>
  Promise.all(Array.from({ length: count }, () => openSocket(url)));

describe('while the server runs', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(fixture);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  const recordsOf = (path: string) => server.records().filter(({ uri }) => uri === path);
  const members = async () => (await send(server.url, { path: '/chat/members' })).body;

  test('a message in a room comes to all who are in it', async () => {
    const clients = await openMany(10, `${server.url}/chat`);
    clients[0]?.ws.send('hello');
    for (const client of clients) {
      await client.messages(1);
      expect(client.received).toEqual(['hello']);
      client.ws.close(1000);
    }
    await expect.poll(members).toBe('0');
  });

  test('a callback that fails leaves the other WebSockets alone', async () => {
    const other = await openSocket(`${server.url}/ws/echo`);
    const failing = await openSocket(`${server.url}/ws/fail/onMessage/throw`);
    failing.ws.send('a');
    expect((await failing.closed)[0]).toBe(1011);
    other.ws.send('still here');
    await other.messages(1);
    other.ws.close();
    expect(await other.closed).toEqual([1005, '']);
  });

  test('a client that vanishes is told of in the record, and to the app', async () => {
    const client = await openSocket(`${server.url}/chat`);
    expect(await members()).toBe('1');
    client.ws.terminate();
    await expect.poll(members).toBe('0');
    await expect
      .poll(() => recordsOf('/chat').filter(({ error }) => error !== ''))
      .toEqual([expect.objectContaining({ status: 101, error: 'the client left' })]);
  });

  test.each([
    ['a frame without a mask', frame(opcodes.text, 'a', { isMasked: false }), 1002],
    ['a reserved bit', frame(opcodes.text, 'a', { reserved: 0x40 }), 1002],
    ['a reserved opcode', frame(3, 'a'), 1002],
    ['a continuation of nothing', frame(opcodes.continuation, 'a'), 1002],
    ['a ping in fragments', frame(opcodes.ping, 'a', { isLast: false }), 1002],
    ['text that is not UTF-8', frame(opcodes.text, Buffer.of(0xff)), 1007],
    ['a code that does not exist', frame(opcodes.close, Buffer.of(3, 0xee)), 1002],
    [
      'a message of too many fragments',
      frame(opcodes.text, 'a', { isLast: false }) +
        frame(opcodes.continuation, 'a', { isLast: false }).repeat(300),
      1008,
    ],
  ])('%s closes the WebSocket, and its code is in the record', async (_, bytes, code) => {
    const before = recordsOf('/ws/echo').length;
    const connection = await rawSocket(server.port, '/ws/echo');
    connection.write(bytes);
    expect(await connection.end()).toMatch(
      new RegExp(`^\x88.${String.fromCharCode(code >> 8, code & 255)}`, 's'),
    );
    connection.socket.end();
    await expect
      .poll(() => recordsOf('/ws/echo').slice(before))
      .toEqual([
        expect.objectContaining({
          status: 101,
          error: expect.stringMatching(new RegExp(`^closed with code ${code}: .`)),
        }),
      ]);
  });

  test('each ping gets its pong, within a message, too', async () => {
    const connection = await rawSocket(server.port, '/ws/echo');
    connection.write(
      frame(opcodes.text, 'a', { isLast: false }) +
        Array.from({ length: 10 }, (_, index) => frame(opcodes.ping, String(index))).join('') +
        frame(opcodes.continuation, 'b') +
        frame(opcodes.close),
    );
    const pongs = Array.from({ length: 10 }, (_, index) => `\x8a\x01${index}`).join('');
    expect(await connection.end()).toBe(`${pongs}\x81\x02ab\x88\x00`);
    connection.socket.end();
  });

  test('a client that sends on behind its close is cut', async () => {
    const connection = rawConnection(server.port);
    connection.write(handshakeRequest('/ws/echo') + frame(opcodes.close));
    expect(await flood(connection)).toBeLessThan(32 * 2 ** 20); // most of it waits in the kernel
  });

  test('of the pings of a client that does not read, the first and the latest get their pong, but not all', async () => {
    const connection = await rawSocket(server.port, '/ws/echo');
    connection.socket.pause();
    const payload = (index: number) => String(index).padEnd(125);
    const ping = (index: number) => frame(opcodes.ping, payload(index));
    connection.write(ping(0) + ping(1).repeat(100_000) + ping(2)); // whose pongs are more than the kernel takes
    await once(connection.socket, 'drain');
    connection.write(frame(opcodes.text, 'a') + frame(opcodes.close));
    connection.socket.resume();
    const received = await connection.end();
    expect(received.startsWith(`\x8a\x7d${payload(0)}`)).toBe(true);
    expect(received.endsWith(`\x8a\x7d${payload(2)}\x81\x01a\x88\x00`)).toBe(true);
    expect(received.length).toBeLessThan(100_000 * 127);
    connection.socket.end();
  });

  test('many messages at once all come, in their order', async () => {
    const connection = await rawSocket(server.port, '/ws/echo');
    const texts = Array.from({ length: 5_000 }, (_, index) => String(index).padStart(4, '0'));
    connection.write(
      texts.map((text) => frame(opcodes.text, text)).join('') + frame(opcodes.close),
    );
    expect(await connection.end()).toBe(
      `${texts.map((text) => `\x81\x04${text}`).join('')}\x88\x00`,
    );
    connection.socket.end();
  });

  test('a client that responds to pings stays, and one that does not is let go', async () => {
    const alive = await openSocket(`${server.url}/ws/pinged`);
    const dead = await rawSocket(server.port, '/ws/pinged');
    await dead.end().catch(() => {});
    for (let pings = 0; pings < 2; pings += 1) await once(alive.ws, 'ping');
    alive.ws.close(1000);
    await alive.closed;
    await expect
      .poll(() => recordsOf('/ws/pinged').map(({ error }) => error))
      .toEqual(['the client does not respond to pings', '']);
    dead.socket.destroy();
  });

  test.each([40, 1_000, 1_000_000])(
    'a client that does not read is let go when messages of %s bytes wait for it',
    async (bytes) => {
      const path = `/ws/flood?bytes=${bytes}`;
      const connection = await rawSocket(server.port, path);
      connection.socket.pause();
      await expect
        .poll(() => recordsOf(path))
        .toEqual([expect.objectContaining({ error: 'the client does not read' })]);
      connection.socket.destroy();
    },
  );

  test('a connection may become a WebSocket behind other requests, pipelined or not', async () => {
    for (const isPipelined of [true, false]) {
      const connection = rawConnection(server.port);
      connection.write(request('/large?bytes=100000') + request('/health'));
      if (isPipelined) connection.write(handshakeRequest('/ws/echo'));
      for (let responses = 0; responses < 2; responses += 1)
        expect((await connection.response()).status).toBe(200);
      if (!isPipelined) connection.write(handshakeRequest('/ws/echo'));
      expect((await connection.response()).status).toBe(101);
      connection.write(frame(opcodes.text, 'a') + frame(opcodes.close));
      expect(await connection.end()).toBe('\x81\x01a\x88\x00');
      connection.socket.end();
    }
  });

  // A client need not wait for the 101, and the network joins and splits what it sends.
  test.each<[when: string, path: string, pieces: number[][], requests?: number]>([
    ['in the packet of the handshake', '/ws/echo', [[0]]],
    ['in its packet, and ends in another', '/ws/echo', [[0, 3], [3]]],
    ['before the 101', '/ws/echo-async', [[], [0]]],
    ['before the 101, behind other requests', '/ws/echo-async', [[], [0, 3], [3]], 2],
  ])('a message that begins %s is taken as it is', async (_, path, pieces, requests = 0) => {
    const bytes = frame(opcodes.text, 'whole');
    const connection = rawConnection(server.port);
    connection.socket.setNoDelay();
    const before = request('/large?bytes=100000').repeat(requests);
    for (const [index, [from, to] = [0, 0]] of pieces.entries()) {
      const head = index === 0 ? before + handshakeRequest(path) : '';
      connection.write(head + bytes.slice(from, to));
      await new Promise((resolve) => connection.socket.write('', resolve));
    }
    for (let count = 0; count < requests; count += 1) await connection.response();
    expect((await connection.response()).status).toBe(101);
    connection.write(frame(opcodes.close));
    const received = await connection.end();
    expect(received).toContain('\x81\x05whole');
    expect(received.replaceAll('\x81\x05whole', '')).toBe('\x88\x00'); // one route echoes twice
    connection.socket.end();
  });

  test('with HTTP/1.0 there is no WebSocket', async () => {
    const connection = rawConnection(server.port);
    connection.write(handshakeRequest('/ws/echo', 'HTTP/1.0'));
    expect((await connection.response()).status).toBe(426);
    connection.socket.destroy();
  });

  test('onError gets what the WebSocket itself reports', async () => {
    const client = await openSocket(`${server.url}/ws/raw-error`);
    await client.messages(1);
    expect(client.received).toEqual(['boom']);
    client.ws.close();
    await client.closed;
  });

  test('the upgradeWebSocket of @hono/node-server is a 500, with a line', async () => {
    await expect(openSocket(`${server.url}/ws/by-node-server`)).rejects.toThrow('500');
    await expect
      .poll(() => server.errors().at(-1))
      .toMatchObject({
        level: 'WARN',
        uri: '/ws/by-node-server',
        message: 'the app responded with 500',
      });
  });
});

test('messages wait while 64 callbacks have not ended, and then come in their order', async () => {
  const received: string[] = [];
  const gate = Promise.withResolvers<void>();
  const onMessage = async (event: WebSocketMessageEvent) => {
    received.push(String(event.data));
    await gate.promise;
  };
  const app = new Hono().get(
    '/',
    upgradeWebSocket(() => ({ onMessage })),
  );
  const server = createServer(app, { accessLog: false });
  const { port } = await server.listen(0, '127.0.0.1');
  const connection = await rawSocket(port, '/');
  const texts = Array.from({ length: 500 }, (_, index) => String(index));
  connection.write(texts.map((text) => frame(opcodes.text, text)).join('') + frame(opcodes.close));
  await expect.poll(() => received.length).toBe(64);
  for (let turn = 0; turn < 1_000; turn += 1) await nextTurn(); // each brings a message, if any
  expect(received).toHaveLength(64);
  gate.resolve();
  await connection.end();
  await expect.poll(() => received).toEqual(texts);
  connection.socket.end();
  expect(await server.close()).toBe(true);
});

describe.concurrent('a server of its own', () => {
  test('open WebSockets count as connections, and none gives way to a new one', async ({
    expect,
  }) => {
    const command = ['sh', '-c', `ulimit -n 80; exec ${fixture.join(' ')}`];
    const server = await startServer(command);
    const open = await openMany(48, `${server.url}/ws/echo`); // 80 without the 32 for everything else
    await expect(send(server.url, health)).rejects.toThrow();
    await expect
      .poll(() => server.errors())
      .toMatchObject([{ message: /48 .* 0 that waited .* 1 new ones were refused/ }]);
    for (const { ws } of open) ws.close();
    await Promise.all(open.map(({ closed }) => closed));
    expect((await send(server.url, health)).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  test('a shutdown closes each WebSocket with 1001, and waits for what the app does then', async ({
    expect,
  }) => {
    const server = await startServer(fixture);
    const clients = await openMany(20, `${server.url}/ws/closes-later`);
    server.child.kill('SIGTERM');
    for (const client of clients) expect(await client.closed).toEqual([1001, '']);
    expect(await server.ended).toBe(0);
    const lines = server.errors().map(({ message }) => message);
    expect(lines).toEqual(Array(20).fill('closed'));
    expect(server.records().map(({ status, error }) => [status, error])).toEqual(
      Array(20).fill([101, '']),
    );
  });

  test('a shutdown closes with 1001 what becomes a WebSocket only then', async ({ expect }) => {
    const server = await startServer(fixture);
    const connection = rawConnection(server.port);
    connection.write(handshakeRequest('/ws/late'));
    await once(connection.socket, 'connect');
    server.child.kill('SIGTERM');
    expect((await connection.response()).status).toBe(101);
    connection.write(frame(opcodes.close, Buffer.of(3, 0xe9)));
    expect(await connection.end()).toBe('\x88\x02\x03\xe9');
    connection.socket.end();
    expect(await server.ended).toBe(0);
  });

  test('a shutdown cuts off at the deadline who does not respond to the close', async ({
    expect,
  }) => {
    const server = await startServer(fixture);
    const connection = await rawSocket(server.port, '/ws/echo');
    server.child.kill('SIGTERM');
    expect(await connection.end().catch(() => '\x88\x02\x03\xe9')).toBe('\x88\x02\x03\xe9');
    expect(await server.ended).toBe(1);
    expect(server.records()).toContainEqual(
      expect.objectContaining({ status: 101, error: 'the shutdown cut it off' }),
    );
  });
});
