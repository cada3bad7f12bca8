import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer } from '../src/node/serve.ts';
import { flood, rawConnection } from './support/raw.ts';
import { fastFixture, fixture, smallFixture } from './support/targets.ts';

const MIB = 1024 * 1024;

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(fixture);
});
afterAll(() => server.stop());

/** Starts a server that has room for eight connections. Kill it: its clients would hold up an orderly end. */
const startSmall = (command = fixture, env: NodeJS.ProcessEnv = {}) =>
  startServer(['sh', '-c', `ulimit -n 40; exec ${command.join(' ')}`], { env });

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

const peakMemory = async ({ url } = server) =>
  Number((await send(url, { path: '/peak-memory' })).body);

test.each([
  ['POST', 'with its length', 'Content-Length: 1073741824', '', 404],
  ['POST', 'in chunks', 'Transfer-Encoding: chunked', '10000\r\n', 404],
  ['GET', 'with its length', 'Content-Length: 1073741824', '', 200],
  ['GET', 'in chunks', 'Transfer-Encoding: chunked', '10000\r\n', 200],
  ['DELETE', 'in chunks', 'Transfer-Encoding: chunked', '10000\r\n', 404],
])(
  'a %s of 1 GB %s gets its response at once, and is not read into memory',
  async (method, _, field, size, status) => {
    const before = await peakMemory();
    const connection = rawConnection(server.port);
    connection.write(`${method} / HTTP/1.1\r\nHost: h\r\n${field}\r\n\r\n`);
    const chunk = `${size}${'x'.repeat(65_536)}${size && '\r\n'}`;
    let sent = 0;
    const goOn = () => {
      while (sent < 1024 * MIB && connection.socket.writable) {
        sent += chunk.length;
        if (!connection.socket.write(chunk)) return;
      }
    };
    connection.socket.on('drain', goOn);
    goOn();
    expect((await connection.response()).status).toBe(status);
    await connection.end();
    expect(sent).toBeLessThan(64 * MIB); // what kernels hold, and a little
    // V8 lets 64 MiB of buffers that nobody holds gather before it collects them.
    expect((await peakMemory()) - before).toBeLessThan(100 * MIB);
  },
);

test('a client that stops in the midst of its body gets its 404, and is let go', async () => {
  const connection = rawConnection(server.port);
  connection.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\nx');
  expect((await connection.response()).status).toBe(404);
  expect(await connection.end()).toBe('');
});

test('forty clients that pipeline requests and read nothing neither fill the memory nor keep others waiting', async () => {
  const attacked = await startServer(fixture);
  const before = await peakMemory(attacked);
  const clients = Array.from({ length: 40 }, () => {
    const socket = connect(attacked.port, '127.0.0.1').pause();
    socket.on('error', () => {});
    const requests = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(2_000);
    const send = () => {
      while (socket.writable && socket.write(requests));
    };
    socket.on('connect', send).on('drain', send);
    return socket;
  });
  for (let count = 0; count < 10; count += 1)
    expect((await send(attacked.url, { path: '/health' })).status).toBe(200);
  expect((await peakMemory(attacked)) - before).toBeLessThan(150 * MIB);
  for (const socket of clients) socket.destroy();
  expect(await attacked.stop()).toBe(0);
});

test('what waits in memory for clients is bounded: some are cut, a line says so, and others are served', async () => {
  const small = await startServer(smallFixture);
  const clients = Array.from({ length: 20 }, () => {
    const { socket, write } = rawConnection(small.port);
    socket.pause();
    write(get('/large?bytes=5000000')); // more than the kernel takes for a client that does not read
    return socket;
  });
  const cut = () => small.records().filter(({ error }) => error !== '').length;
  await expect.poll(cut).toBeGreaterThan(0);
  expect((await send(small.url, { path: '/health' })).status).toBe(200);
  await expect.poll(() => small.errors()[0]).toMatchObject({ level: 'WARN' });
  for (const socket of clients) socket.destroy();
  expect(await small.stop()).toBe(0);
});

test('a handler begins when the response before it is taken, but for a few bytes', async () => {
  let begun = 0;
  const app = new Hono().get('/', (c) => {
    begun += 1;
    return c.body('x'.repeat(5_000_000)); // more than the kernel takes for a client that does not read
  });
  const large = createServer(app, { accessLog: false });
  const { port } = await large.listen(0, '127.0.0.1');
  const connection = rawConnection(port);
  connection.socket.pause();
  connection.write(get('/').repeat(10));
  await expect.poll(() => begun).toBeGreaterThan(0);
  expect((await send(`http://127.0.0.1:${port}`, { path: '/none' })).status).toBe(404); // behind them
  expect(begun).toBeLessThan(10);
  connection.socket.resume();
  for (let count = 0; count < 10; count += 1)
    expect((await connection.response()).status).toBe(200);
  expect(begun).toBe(10);
  connection.socket.destroy();
  expect(await large.close()).toBe(true);
});

test.skipIf(process.platform !== 'linux')(
  'connections beyond what there are file descriptors for take the place of those that wait, and a line says so',
  async () => {
    const few = await startServer(['sh', '-c', `ulimit -n 40; exec ${fixture.join(' ')}`]);
    const clients = Array.from({ length: 60 }, () =>
      connect(few.port, '127.0.0.1').on('error', () => {}),
    );
    const line =
      /^at most 8 connections at a time, and fewer if the app has files open: (\d+) that waited for their clients gave way to new ones, 0 new ones were refused$/;
    const gaveWay = () =>
      few.errors().reduce((sum, { message }) => sum + Number(line.exec(message)?.[1]), 0);
    await expect.poll(gaveWay).toBe(52);
    expect((await send(few.url, { path: '/health' })).status).toBe(200);
    for (const socket of clients) socket.destroy();
    expect(await few.stop()).toBe(0);
  },
);

test.skipIf(process.platform !== 'linux')(
  'clients that read nothing of what the app takes from elsewhere make room, and a line says so',
  async () => {
    const upstream = await startServer(fixture);
    const few = await startServer(['sh', '-c', `ulimit -n 64; exec ${fixture.join(' ')}`]);
    const stream = encodeURIComponent(`${upstream.url}/large-stream?bytes=100000000`);
    const clients = Array.from({ length: 25 }, () => {
      const socket = connect(few.port, '127.0.0.1').on('error', () => {});
      socket.pause().write(get(`/proxied?url=${stream}`));
      return socket;
    });
    await expect
      .poll(() => few.errors().map(({ message }) => message))
      .toContainEqual(
        expect.stringMatching(/^at most 32 connections at a time, and fewer if .* [1-9]\d* that/),
      );
    const health = () => send(few.url, { path: '/health' }).then(({ status }) => status);
    for (let count = 0; count < 10; count += 1)
      await expect.poll(() => health().catch(() => 0)).toBe(200);
    for (const socket of clients) socket.destroy();
    await few.stop();
    await upstream.stop();
  },
);

test.skipIf(process.platform !== 'linux')(
  'the connection that has been idle longest makes room for a new client',
  async () => {
    const few = await startServer(['sh', '-c', `ulimit -n 40; exec ${fixture.join(' ')}`]);
    const idle = Array.from({ length: 8 }, () => rawConnection(few.port));
    for (const connection of idle) connection.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await Promise.all(idle.map((connection) => connection.response()));
    expect((await send(few.url, { path: '/health' })).status).toBe(200);
    for (const { socket } of idle) socket.destroy();
    few.child.kill('SIGKILL');
  },
);

/** Opens connections one by one, with so many requests each. */
const openEach = async (port: number, connections: number, requests: number) => {
  const opened = [];
  for (let count = 0; count < connections; count += 1) {
    const connection = rawConnection(port);
    await once(connection.socket, 'connect');
    for (let sent = 0; sent < requests; sent += 1) {
      connection.write(get('/'));
      await connection.response();
    }
    opened.push(connection);
  }
  return opened;
};

test.skipIf(process.platform !== 'linux').each([
  [0, 1],
  [0, 0],
  [7, 1],
  [7, 0],
])(
  'a connection that has had many requests, and came behind %i others, outlives those that have had %i',
  async (before, requests) => {
    const small = await startSmall();
    await openEach(small.port, before, requests);
    const [kept] = await openEach(small.port, 1, 4);
    await openEach(small.port, 20, requests);
    kept?.write(get('/health'));
    expect((await kept?.response())?.status).toBe(200);
    small.child.kill('SIGKILL');
  },
);

test.skipIf(process.platform !== 'linux')(
  'what a client has taken long ago does not keep its place',
  async () => {
    const small = await startSmall(fastFixture);
    const large = connect(small.port, '127.0.0.1');
    large.write(get('/large?bytes=40000000'));
    large.on('data', () => large.bytesRead > 40_000_000 && large.emit('taken'));
    await once(large, 'taken');
    await sleep(2_000); // two minutes, for the server
    const busy = await openEach(small.port, 7, 30);
    expect((await send(small.url, { path: '/health' })).status).toBe(200);
    for (const { write } of busy) write(get('/health'));
    for (const { response } of busy) expect((await response()).status).toBe(200);
    small.child.kill('SIGKILL');
  },
);

test('what comes behind a response that is the last is read only in part', async () => {
  const connection = rawConnection(server.port);
  connection.write('malformed\r\n\r\n');
  expect((await connection.response()).status).toBe(400);
  expect(await flood(connection)).toBeLessThan(32 * MIB); // most of it waits in the kernel
});

test.skipIf(process.platform !== 'linux')(
  'a client that has just connected has time for its first request',
  async () => {
    const small = await startSmall(fastFixture, { SPEED: '0.01' });
    await openEach(small.port, 7, 1);
    const [first] = await openEach(small.port, 1, 0);
    await openEach(small.port, 3, 1); // in the place of others
    first?.write(get('/health'));
    expect((await first?.response())?.status).toBe(200);
    small.child.kill('SIGKILL');
  },
);

test.skipIf(process.platform !== 'linux')(
  'clients that keep their requests waiting for a body make room for new ones',
  async () => {
    const small = await startSmall();
    const clients = Array.from({ length: 8 }, () => {
      const connection = rawConnection(small.port);
      connection.write('POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx');
      return connection;
    });
    const health = () => send(small.url, { path: '/health' }).then(({ status }) => status);
    // Without that, they would be cut in half a minute, for the time that their requests take.
    await expect.poll(() => health().catch(() => 0)).toBe(200);
    for (const { socket } of clients) socket.destroy();
    small.child.kill('SIGKILL');
  },
);

test.skipIf(process.platform !== 'linux').each([
  ['x', 'end'],
  ['G', 'end'], // which is refused because of the end
  ['x', 'resetAndDestroy'],
] as const)(
  'clients that leave behind a further byte, while a handler takes its time, leave nothing: %s, %s',
  async (byte, leave) => {
    const small = await startSmall();
    for (let round = 0; round < 5; round += 1) {
      const clients = Array.from({ length: 6 }, () => rawConnection(small.port));
      // The server may close one itself, to make room, while it has not seen those before leave.
      const closed = clients.map(
        ({ socket }) => new Promise((resolve) => socket.once('close', resolve)),
      );
      for (const { write } of clients) write(get('/never'));
      await sleep(50); // nothing tells what a server has read of them
      for (const { write } of clients) write(byte);
      await sleep(50);
      for (const { socket } of clients) socket[leave]();
      await Promise.all(closed);
    }
    expect((await send(small.url, { path: '/health' })).status).toBe(200);
    expect(await small.stop()).toBe(0);
  },
);

test('connections are kept longer than load balancers keep theirs', async () => {
  const { headers } = await send(server.url, { path: '/', headers: { Connection: 'keep-alive' } });
  const [, seconds] = /timeout=(\d+)/.exec(headers['keep-alive'] ?? '') ?? [];
  expect(Number(seconds)).toBeGreaterThan(600);
});
