import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawConnection } from './support/raw.ts';
import { fixture } from './support/targets.ts';

let directory: string;
let server: ServerProcess;
const closedPort = await freePort();
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'static-'));
  const folder = join(directory, 'static');
  await mkdir(folder);
  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      writeFile(join(folder, `${index}.txt`), `file ${index}`),
    ),
  );
  server = await startServer(fixture, {
    env: { STATIC: directory, CLOSED_PORT: String(closedPort) },
  });
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  expect(await server.stop()).toBe(0);
  // Whatever happens after the end of an exchange, stderr has records only.
  expect(server.stderr.filter((line) => !line.startsWith('{'))).toEqual([
    expect.stringContaining('listens on'),
  ]);
});

const recordsOf = (uri: string) => server.records().filter((record) => record.uri.startsWith(uri));
const errorsOf = (uri: string) => server.errors().filter((error) => Object(error).uri === uri);

/** Resolves once a handler waits. */
const held = () =>
  expect.poll(async () => (await send(server.url, { path: '/held' })).body).not.toBe('0');

/** Requests as curl does: closes as soon as it has the bytes of the length. */
const curl = (path: string, close: 'destroy' | 'end' | 'resetAndDestroy') =>
  new Promise<void>((resolve, reject) => {
    let text = '';
    const socket = connect(server.port, '127.0.0.1')
      .setEncoding('latin1')
      .on('data', (chunk) => {
        text += chunk;
        const [header = '', body] = text.split('\r\n\r\n');
        const [, length] = /^content-length: (\d+)/im.exec(header) ?? [];
        if (body !== undefined && (!length || body.length >= Number(length))) socket[close]();
      })
      .on('close', () => resolve())
      .on('error', reject);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  });

describe('a complete response is no 499, though its client closes at once:', () => {
  test.each(['destroy', 'end', 'resetAndDestroy'] as const)(
    'a hundred small files, by %s',
    async (close) => {
      const paths = Array.from({ length: 100 }, (_, index) => `/static/${index}.txt?${close}`);
      await Promise.all(paths.map((path) => curl(path, close)));
      const records = () => server.records().filter(({ uri }) => uri.endsWith(`?${close}`));
      await expect.poll(() => records().length).toBe(100);
      expect(
        records().filter(({ status, error, bytes_out }) => status !== 200 || error || !bytes_out),
      ).toEqual([]);
    },
  );

  test.each([
    '/text',
    '/blob',
    '/buffer',
    '/json',
    '/large?bytes=200000',
    '/large-later?bytes=200000',
  ])('fifty times %s', async (path) => {
    const uri = `${path}${path.includes('?') ? '&' : '?'}closes`;
    await Promise.all(Array.from({ length: 50 }, () => curl(uri, 'destroy')));
    await expect.poll(() => recordsOf(uri).length).toBe(50);
    expect(recordsOf(uri).filter(({ status, error }) => status !== 200 || error)).toEqual([]);
  });

  test('HEAD, of a client that closes once it has the header', async () => {
    for (const path of ['/stream', '/blob', '/text', '/endless']) {
      const connection = rawConnection(server.port);
      connection.write(`HEAD ${path}?head HTTP/1.1\r\nHost: h\r\n\r\n`);
      await once(connection.socket, 'data');
      connection.socket.destroy();
      await expect
        .poll(() => recordsOf(`${path}?head`))
        .toEqual([expect.objectContaining({ status: 200, error: '', bytes_out: 0 })]);
    }
  });
});

test('a stream that its client ends is 200, with the bytes that were sent, and says so', async () => {
  const connection = rawConnection(server.port);
  connection.write('GET /endless HTTP/1.1\r\nHost: h\r\n\r\n');
  await once(connection.socket, 'data');
  connection.socket.destroy();
  await expect
    .poll(() => recordsOf('/endless').filter(({ method }) => method === 'GET'))
    .toEqual([
      expect.objectContaining({
        status: 200,
        error: 'the client left',
        bytes_out: expect.toSatisfy((bytes) => bytes > 0),
      }),
    ]);
  expect(errorsOf('/endless')).toEqual([]);
});

test('a shutdown ends a stream of events as complete, and cuts a handler that never ends; both have their record', async () => {
  const ending = await startServer(fixture);
  const connections = ['/endless', '/never'].map((path) => {
    const connection = rawConnection(ending.port);
    connection.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    connection.socket.on('error', () => {});
    return connection;
  });
  const left = rawConnection(ending.port);
  left.write('GET /never?left HTTP/1.1\r\nHost: h\r\n\r\n');
  connections[0]?.socket.resume();
  await once(connections[0]?.socket ?? process, 'data');
  expect((await send(ending.url, { path: '/health' })).status).toBe(200); // behind the others
  left.socket.destroy();
  expect(await ending.stop()).toBe(1);
  for (const { socket } of connections) socket.destroy();
  const recordOf = (uri: string) => ending.records().filter((record) => record.uri === uri);
  expect(recordOf('/endless')).toEqual([expect.objectContaining({ status: 200, error: '' })]);
  expect(recordOf('/never')).toEqual([
    expect.objectContaining({ status: 499, error: 'the shutdown cut it off' }),
  ]);
  expect(recordOf('/never?left')).toEqual([
    expect.objectContaining({ status: 499, error: 'the client left' }),
  ]);
  expect(ending.errors()).toEqual([]);
}, 30_000);

describe('what a handler does once its client has left is told if it is an error:', () => {
  test.each<[what: string, isTold: boolean]>([
    ['respond', false],
    ['throw', true],
    ['throw-string', true],
    ['throw-reason', false],
    ['throw-if-aborted', false],
    ['fetch', false],
    ['header', true],
    ['status', true],
    ['stream', false],
    ['locked', true],
    ['nothing', false], // is a 404
    ['set-header', true],
    ['write', false],
  ])('%s', async (what, isTold) => {
    const uri = `/left/${what}`;
    const connection = rawConnection(server.port);
    connection.write(`GET ${uri} HTTP/1.1\r\nHost: h\r\nX-Request-Id: r1\r\n\r\n`);
    await held();
    connection.socket.destroy();
    await expect
      .poll(() => recordsOf(uri))
      .toEqual([expect.objectContaining({ status: 499, error: 'the client left', bytes_out: 0 })]);
    const line = { level: 'ERROR', id: 'r1', method: 'GET', uri };
    await expect.poll(() => errorsOf(uri)).toEqual(isTold ? [expect.objectContaining(line)] : []);
  });

  test('reading the body that did not come is no error of the handler', async () => {
    const connection = rawConnection(server.port);
    connection.write('POST /left/read-body HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc');
    await held();
    connection.socket.destroy();
    await expect
      .poll(() => recordsOf('/left/read-body'))
      .toEqual([expect.objectContaining({ status: 499, error: 'the client left', bytes_in: 3 })]);
    expect(errorsOf('/left/read-body')).toEqual([]);
  });
});

test('of a fetch that failed, the record has the reason and the error log the causes', async () => {
  expect((await send(server.url, { path: '/fetch-refused' })).status).toBe(500);
  await expect
    .poll(() => recordsOf('/fetch-refused'))
    .toEqual([expect.objectContaining({ error: expect.stringContaining('ECONNREFUSED') })]);
  expect(errorsOf('/fetch-refused')).toEqual([
    expect.objectContaining({
      message: 'fetch failed',
      cause: expect.objectContaining({ message: expect.stringContaining('ECONNREFUSED') }),
    }),
  ]);
});

test('of a thousand clients that reset at once, each that has a record has its address in it', async () => {
  for (let round = 0; round < 10; round += 1)
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connect(server.port, '127.0.0.1').on('error', () => {});
        await once(socket, 'connect');
        socket.write('GET /text?reset HTTP/1.1\r\nHost: h\r\n\r\n', () => socket.resetAndDestroy());
        await once(socket, 'close');
      }),
    );
  expect((await send(server.url, { path: '/health' })).status).toBe(200);
  expect(recordsOf('/text?reset').filter((record) => record.remote_ip !== '127.0.0.1')).toEqual([]);
});
