import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { rawConnection } from './support/raw.ts';
import { fastFixture, fixture } from './support/targets.ts';

const SLOW_RATE = 65_536; // bytes a second, as the README has it

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

// Each of these waits for the server's clocks.
describe.concurrent('in time,', () => {
  const SPEED = 6;
  let hurried: ServerProcess;
  beforeAll(async () => {
    hurried = await startServer(fastFixture, { env: { SPEED: String(SPEED) } });
  });
  afterAll(() => hurried.stop());

  test('nine hundred clients that send a byte a second keep nobody from being served', async ({
    expect,
  }) => {
    const server = await startServer(fixture);
    const clients = Array.from({ length: 900 }, () => connect(server.port, '127.0.0.1')); // fewer than 1,024 open files
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
    await server.stop();
  });

  test('kept connections end with a response after some minutes, and not all at once', async ({
    expect,
  }) => {
    const fast = await startServer(fastFixture);
    /** Asks again and again; resolves to the minutes until a response was the last. */
    const use = async () => {
      const start = performance.now();
      const connection = rawConnection(fast.port);
      for (;;) {
        connection.write(get('/'));
        const { status, headers } = await connection.response();
        expect(status).toBe(200);
        if (headers.connection === 'close') break;
        await sleep(50);
      }
      const seconds = (performance.now() - start) / 1_000;
      expect(await connection.end()).toBe('');
      return seconds;
    };
    const ages = await Promise.all(Array.from({ length: 20 }, use));
    expect(Math.min(...ages)).toBeGreaterThan(4);
    expect(Math.max(...ages) - Math.min(...ages)).toBeGreaterThan(0.5);
    expect(await fast.stop()).toBe(0);
    expect(fast.records().filter(({ error }) => error !== '')).toEqual([]);
  });

  test('a connection that is not used any more is closed after 620 s', async ({ expect }) => {
    const fast = await startServer(fastFixture);
    const connection = rawConnection(fast.port);
    connection.write(get('/'));
    await connection.response();
    // A client that sends line breaks asks for nothing.
    const dripping = setInterval(() => connection.write('\r\n'), 800);
    expect(await connection.end()).toBe('');
    clearInterval(dripping);
    expect(await fast.stop()).toBe(0);
    expect(fast.records()).toHaveLength(1);
  }, 30_000);

  test('a client that stops reading is cut after a minute; slow readers, uploads and handlers are not', async ({
    expect,
  }) => {
    const request = (path: string) => {
      const connection = rawConnection(hurried.port);
      connection.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
      return connection.socket;
    };
    const stalled = request('/large?bytes=50000000');
    stalled.pause();
    const slow = request('/large?bytes=50000000&slow');
    const timer = setInterval(() => slow.resume(), 1_000 / SPEED);
    let read = 0;
    slow.on('data', (chunk) => {
      read += chunk.length;
      if (read % SLOW_RATE < chunk.length) slow.pause();
    });
    const held = request('/until-signal?long');
    const upload = rawConnection(hurried.port);
    upload.write('POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
    const line = `${'x'.repeat(39)}\n`;
    let lines = 0;
    const uploading = setInterval(() => {
      lines += 1;
      upload.write(`28\r\n${line}\r\n`);
    }, 50 / SPEED);
    const recordOf = (uri: string) => hurried.records().find((record) => record.uri === uri);
    await expect
      .poll(() => recordOf('/large?bytes=50000000'))
      .toMatchObject({ status: 200, error: 'the client stopped reading' });
    await sleep(2_000 / SPEED);
    for (const uri of ['/large?bytes=50000000&slow', '/until-signal?long'])
      expect(recordOf(uri)).toBeUndefined();
    clearInterval(timer);
    clearInterval(uploading);
    upload.write('0\r\n\r\n');
    expect(await upload.response()).toMatchObject({ status: 200, body: line.repeat(lines) });
    hurried.child.kill('SIGUSR2');
    await expect.poll(() => recordOf('/until-signal?long')).toMatchObject({ status: 200 });
    for (const socket of [stalled, slow, held, upload.socket]) socket.destroy();
  });

  /** Sends a request with a body of so many bytes, a part of it each second. */
  const upload = (path: string, bytes: number, perSecond: number) => {
    const connection = rawConnection(hurried.port);
    connection.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${bytes}\r\n\r\n`);
    let sent = 0;
    const timer = setInterval(() => {
      if (sent >= bytes) return clearInterval(timer);
      connection.write('x'.repeat(Math.min(perSecond, bytes - sent)));
      sent += perSecond;
    }, 1_000 / SPEED);
    connection.socket.once('close', () => clearInterval(timer));
    return connection;
  };

  test('an upload of 36 seconds at a real rate is served', async ({ expect }) => {
    const connection = upload('/read?slowly', 36_000, 1_000);
    const { status, body } = await connection.response();
    connection.socket.destroy();
    expect([status, body.length]).toEqual([200, 36_000]);
    await expect
      .poll(() => hurried.records().find(({ uri }) => uri === '/read?slowly'))
      .toMatchObject({ status: 200, bytes_in: 36_000, error: '' });
  });

  test('an upload that stalls in a chunk gets 408', async ({ expect }) => {
    const connection = rawConnection(hurried.port);
    const request = 'POST /read?chunk HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
    connection.write(`${request}3\r\nab`);
    const { status, headers } = await connection.response();
    expect([status, headers.connection]).toEqual([408, 'close']);
    expect(await connection.end()).toBe('');
    connection.socket.destroy();
    await expect
      .poll(() => hurried.records().find(({ uri }) => uri === '/read?chunk'))
      .toMatchObject({ status: 408, error: 'the request took too long' });
  });

  test.for<[string, number]>([
    ['an upload that stalls', 0],
    ['an upload that is slow on purpose', 10],
  ])('%s gets 408', async ([, perSecond], { expect }) => {
    const connection = upload(`/read?rate=${perSecond}`, 36_000, perSecond);
    expect((await connection.response()).status).toBe(408);
    expect(await connection.end()).toBe('');
    connection.socket.destroy();
    await expect
      .poll(() => hurried.records().find(({ uri }) => uri === `/read?rate=${perSecond}`))
      .toMatchObject({ status: 408, error: 'the request took too long' });
  });
});
