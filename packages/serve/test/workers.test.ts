import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type Sent, send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { afterAll, describe, expect, test } from 'vitest';
import { recordTests } from './access-log/runner.ts';
import { anyAppTestsAt, type FixtureEnv } from './any-app/runner.ts';
import { appLogTests } from './app-log/runner.ts';
import { backgroundTests } from './background/runner.ts';
import { errorTests } from './errors/runner.ts';
import { headTests, methodTests } from './head/runner.ts';
import { logOptionTests } from './log-options/runner.ts';
import { builtWorker, fixtureWorker, oldWorkerConfig } from './support/worker.ts';
import { malformed, socketCases } from './websocket/cases.ts';
import { openSocket } from './websocket/client.ts';
import { frame, opcodes, rawSocket } from './websocket/frames.ts';
import { socketTests } from './websocket/runner.ts';

// All of it is in one file, because wrangler and miniflare take long to load.

let shared: ReturnType<typeof startWorker> | undefined;
afterAll(async () => {
  await (await shared)?.stop();
});

/** A Worker that all share who need none of their own, and what it logs from now on. */
const sharedWorker = async () => {
  shared ??= fixtureWorker().then(startWorker);
  const worker = await shared;
  const logs = [worker.records, worker.errors, worker.plainLines];
  const [records = 0, errors = 0, plainLines = 0] = logs.map((log) => log().length);
  return {
    url: worker.url,
    records: () => worker.records().slice(records),
    errors: () => worker.errors().slice(errors),
    plainLines: () => worker.plainLines().slice(plainLines),
    send: (sent: Sent) => send(worker.url, sent),
    stop: async () => {},
  };
};

const starting = (config?: string) => async (env?: FixtureEnv) => {
  const target = await startWorker(await fixtureWorker(config), env);
  return { ...target, send: (sent: Sent) => send(target.url, sent) };
};

describe('any app, in workerd', () => anyAppTestsAt(starting(), { platform: 'onWorkers' }));

describe('HEAD, in workerd', () => {
  methodTests(starting());
  headTests(
    starting(),
    // How long the body of a GET is, workerd sees only when it sends it.
    ({ date: _, 'content-length': __, 'transfer-encoding': ___, ...headers }) => headers,
  );
});

describe('HEAD, in workerd as of 2021', () => methodTests(starting(oldWorkerConfig)));

describe('the errors of any app, in workerd', () =>
  errorTests(async () => {
    const target = await startWorker(await builtWorker('errors/worker.ts'));
    return { ...target, send: (_, sent) => send(target.url, sent) };
  }));

describe('where the logs go, in workerd', () =>
  logOptionTests(async () => {
    const target = await startWorker(await builtWorker('log-options/worker.ts'));
    return { ...target, send: (_, sent) => send(target.url, sent) };
  }));

describe('the access log, in workerd', () =>
  recordTests(
    sharedWorker,
    (bytes) => bytes && null, // it does not see the length that workerd sends
  ));

describe('what goes on after a response, in workerd', () => backgroundTests(sharedWorker));

describe("the app's log, in workerd", () =>
  appLogTests(
    sharedWorker,
    ['huge'], // workerd's local log shows 10,000 characters of an object, and cuts the rest
  ));

describe('WebSockets, in workerd', () => socketTests(sharedWorker, malformed));

describe('WebSockets, in workerd as of 2021', () =>
  socketTests(
    starting(oldWorkerConfig),
    malformed,
    socketCases.filter(({ path }) => path !== '/ws/async-context'),
  ));

test('in workerd, the ray is the id of a request without one, and the edge says who the client is', async () => {
  const worker = await sharedWorker();
  const headers = { 'CF-Ray': 'ray-1', 'CF-Connecting-IP': '198.51.100.7' };
  await send(worker.url, { path: '/', headers });
  await send(worker.url, { path: '/', headers: { ...headers, 'X-Request-Id': 'r1' } });
  await expect
    .poll(() => worker.records())
    .toEqual([
      expect.objectContaining({ id: 'ray-1', remote_ip: '198.51.100.7' }),
      expect.objectContaining({ id: 'r1', remote_ip: '198.51.100.7' }),
    ]);
});

test('in workerd, in a scheduled handler, a line has no id', async () => {
  const worker = await sharedWorker();
  await send(worker.url, { path: '/cdn-cgi/local/scheduled' });
  const error = { message: 'scheduled', stack: expect.any(String) };
  const line = { time: expect.any(String), level: 'ERROR', message: 'could not clean up', error };
  await expect.poll(() => worker.errors()).toEqual([line]);
});

// workerd notices it when it writes.
test('in workerd, a client that leaves aborts the signal of its request', async () => {
  const worker = await sharedWorker();
  const socket = connect(Number(new URL(worker.url).port), '127.0.0.1').on('error', () => {});
  socket.write('GET /until-abort HTTP/1.1\r\nHost: h\r\nX-Request-Id: r1\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await expect
    .poll(() => worker.errors())
    .toEqual([expect.objectContaining({ message: 'aborted', id: 'r1' })]);
});

const readers = ['text', 'json', 'parse-body', 'form-data', 'array-buffer', 'blob', 'raw-json'];

test.each(readers)(
  'in workerd, a client that leaves while its body is read by %s has a record that says so, and nobody is blamed',
  async (how) => {
    const worker = await sharedWorker();
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

test.each([
  ['a reserved bit', frame(opcodes.text, 'a', { reserved: 0x40 })],
  ['a reserved opcode', frame(3, 'a')],
])('in workerd, %s closes the WebSocket, and its code is in the record', async (_, bytes) => {
  const worker = await sharedWorker();
  const members = async () => (await send(worker.url, { path: '/chat/members' })).body;
  const connection = await rawSocket(Number(new URL(worker.url).port), '/chat');
  expect(await members()).toBe('1');
  connection.write(bytes);
  expect(await connection.end()).toContain('\x03\xea');
  await expect.poll(members).toBe('0');
  const error = expect.stringMatching(/^closed with code 1002: ./);
  await expect
    .poll(() => worker.records().filter(({ uri }) => uri === '/chat'))
    .toEqual([expect.objectContaining({ status: 101, error })]);
  connection.socket.destroy();
});

test('in workerd, a client that vanishes has its record, and a message for the client of another request an ERROR line', async () => {
  const worker = await sharedWorker();
  const other = await openSocket(`${worker.url}/chat`);
  const sender = await openSocket(`${worker.url}/chat`);
  sender.ws.send('hello');
  expect((await sender.closed)[0]).toBe(1011);
  const message = expect.stringContaining('on behalf of a different request');
  await expect
    .poll(() => worker.errors())
    .toMatchObject([{ level: 'ERROR', uri: '/chat', message }]);
  other.ws.terminate();
  await expect
    .poll(() => worker.records().filter(({ uri }) => uri === '/chat'))
    .toMatchObject([{ error: message }, { status: 101, error: 'the client left' }]);
});

test('in a Durable Object, a message comes to the clients of other requests', async () => {
  const worker = await sharedWorker();
  const clients = [
    await openSocket(`${worker.url}/room/chat`),
    await openSocket(`${worker.url}/room/chat`),
  ];
  clients[0]?.ws.send('hello');
  for (const client of clients) {
    await client.messages(1);
    expect(client.received).toEqual(['hello']);
    client.ws.close(1000);
    expect(await client.closed).toEqual([1000, '']);
  }
});
