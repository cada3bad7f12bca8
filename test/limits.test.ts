import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from './support/client.ts';
import { type ServerProcess, startServer } from './support/process.ts';
import { rawConnection } from './support/raw.ts';

const MIB = 1024 * 1024;

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(['node', 'test/fixtures/node.ts']);
});
afterAll(() => server.stop());

const peakMemory = async () => Number((await send(server.url, { path: '/peak-memory' })).body);

test('a thousand clients that send a byte a second keep nobody from being served', async () => {
  const clients = Array.from({ length: 1_000 }, () => connect(server.port, '127.0.0.1'));
  await Promise.all(clients.map((socket) => once(socket, 'connect')));
  const drip = setInterval(() => {
    for (const socket of clients) socket.write('G');
  }, 1_000);
  const closed = Promise.all(
    clients.map((socket) => once(socket.on('error', () => {}).resume(), 'close')),
  );
  for (let count = 0; count < 5; count += 1)
    expect((await send(server.url, { path: '/health' }, 2_000)).status).toBe(200);
  await closed; // for a client that sends no header in time is answered 408, and let go
  clearInterval(drip);
});

test.each([
  ['with its length', 'Content-Length: 1073741824', ''],
  ['in chunks', 'Transfer-Encoding: chunked', '10000\r\n'],
])(
  'a POST of 1 GB %s gets its 404 at once, and is not read into memory',
  async (_, field, size) => {
    const before = await peakMemory();
    const connection = rawConnection(server.port);
    connection.write(`POST / HTTP/1.1\r\nHost: h\r\n${field}\r\n\r\n`);
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
    expect((await connection.response()).status).toBe(404);
    await connection.end();
    expect(sent).toBeLessThan(1024 * MIB);
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

test('connections are kept longer than load balancers keep theirs', async () => {
  const { headers } = await send(server.url, { path: '/', headers: { Connection: 'keep-alive' } });
  const [, seconds] = /timeout=(\d+)/.exec(headers['keep-alive'] ?? '') ?? [];
  expect(Number(seconds)).toBeGreaterThan(600);
});
