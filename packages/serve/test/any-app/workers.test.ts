import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe, expect, test } from 'vitest';
import { fixtureWorker } from '../support/worker.ts';
import { anyAppTestsAt } from './runner.ts';

describe('any app, in workerd', () =>
  anyAppTestsAt(async (env) => startWorker(await fixtureWorker(), env), {
    platform: 'onWorkers',
  }));

// workerd notices it when it writes.
test('in workerd, a client that leaves aborts the signal of its request', async () => {
  const worker = await startWorker(await fixtureWorker());
  const socket = connect(Number(new URL(worker.url).port), '127.0.0.1').on('error', () => {});
  socket.write('GET /until-abort HTTP/1.1\r\nHost: h\r\nX-Request-Id: r1\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await expect
    .poll(() => worker.errors())
    .toEqual([expect.objectContaining({ message: 'aborted', id: 'r1' })]);
  await worker.stop();
});

const readers = ['text', 'json', 'parse-body', 'form-data', 'array-buffer', 'blob', 'raw-json'];

test.each(readers)(
  'in workerd, a client that leaves while its body is read by %s has a record that says so, and nobody is blamed',
  async (how) => {
    const worker = await startWorker(await fixtureWorker());
    const socket = connect(Number(new URL(worker.url).port), '127.0.0.1').on('error', () => {});
    const type = 'Content-Type: multipart/form-data; boundary=x';
    socket.write(
      `POST /read-by/${how} HTTP/1.1\r\nHost: h\r\n${type}\r\nContent-Length: 9\r\n\r\n--x`,
    );
    await expect.poll(() => worker.errors()).toMatchObject([{ level: 'INFO', message: 'reading' }]);
    socket.destroy();
    await expect
      .poll(() => worker.records())
      .toMatchObject([{ status: 499, error: 'the client left', bytes_in: 9 }]);
    expect(worker.errors()).toHaveLength(1);
    await worker.stop();
  },
);

test('in workerd, an upstream that cuts its response is an error of the app, whatever the client sent', async () => {
  const upstream = createServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', () => socket.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const { port } = upstream.address() as AddressInfo;
  const worker = await startWorker(await fixtureWorker(), {
    UPSTREAM: `http://127.0.0.1:${port}`,
  });
  const sent = { method: 'POST', path: '/read-by/upstream', requestBody: 'abc' };
  expect((await send(worker.url, sent)).status).toBe(500);
  await expect
    .poll(() => worker.errors())
    .toMatchObject([{ level: 'INFO' }, { level: 'ERROR', message: 'Network connection lost.' }]);
  await worker.stop();
  upstream.close();
});
