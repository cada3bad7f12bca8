import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerOptions } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, Socket } from 'node:net';
import { send } from '@edge-ping/serve-testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Hono as QuickHono } from 'hono/quick';
import { Hono as TinyHono } from 'hono/tiny';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bytesTaken,
  canSkipEvents,
  collectGarbage,
  detachParser,
  forgetRemoved,
  isAbort,
  keepRest,
  onLastResponse,
  partsOf,
  readerBody,
  skipEvents,
  stopListening,
  stopParsing,
} from '../src/node/internals.ts';
import { anyApp, nodeApp } from './any-app/cases.ts';
import { anyAppTestsAt } from './any-app/runner.ts';
import { rawConnection } from './support/raw.ts';
import { sample } from './support/sample.ts';
import { degradedFixture, fixture } from './support/targets.ts';
import { wire } from './wire/cases.ts';
import { wireTests } from './wire/runner.ts';

const request = (path = '/', ...fields: string[]) =>
  `GET ${path} HTTP/1.1\r\n${['Host: h', ...fields].join('\r\n')}\r\n\r\n`;

/** Starts a plain server of Node's; resolves to it and its port. */
const listen = async (options: ServerOptions = {}) => {
  const server = createServer(options).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
};

describe('of what is not public, Node still has', () => {
  test("V8's function that collects garbage", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const waste = () => Buffer.alloc(2 ** 26).length;
    expect(waste()).toBe(2 ** 26);
    collectGarbage();
    const left = () => process.memoryUsage().arrayBuffers - before;
    await expect.poll(left, { timeout: 1_000 }).toBeLessThan(2 ** 26);
  });

  test("the parser's callback, without which it makes no more requests", async () => {
    const { server, port } = await listen();
    let requests = 0;
    server.on('request', ({ socket }, outgoing) => {
      requests += 1;
      stopParsing(socket);
      setImmediate(() => outgoing.end('x'));
    });
    const connection = rawConnection(port);
    connection.write(request().repeat(3));
    expect((await connection.response()).body).toBe('x');
    expect(requests).toBe(1);
    server.close();
    connection.socket.destroy();
  });

  test("a way to take its parser off a connection, whose bytes then are the listener's", async () => {
    const { server, port } = await listen();
    const connection = rawConnection(port);
    connection.write(request('/', 'Connection: Upgrade', 'Upgrade: x'));
    const [incoming]: IncomingMessage[] = await once(server, 'request');
    if (!incoming) throw new Error('no request');
    const { socket } = incoming;
    server.on('clientError', (error) => expect.unreachable(error.message));
    detachParser(socket);
    socket.on('data', (chunk) => socket.end(chunk));
    connection.write('no HTTP');
    expect(await connection.end()).toBe('no HTTP');
    server.close();
    connection.socket.destroy();
  });

  test('a way to leave what comes behind a request on its socket', async () => {
    const { server, port } = await listen();
    const connection = rawConnection(port);
    connection.write(`${request('/', 'Connection: Upgrade', 'Upgrade: x')}no HTTP`);
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    server.once('request', (incoming) => {
      expect(keepRest(incoming.socket)).toBe(true);
      resolve(incoming);
    });
    const { socket } = await promise;
    server.on('clientError', (error) => expect.unreachable(error.message));
    connection.write(', and more');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    await expect.poll(() => text).toBe('no HTTP, and more');
    expect(keepRest(new Socket())).toBe(false);
    server.close();
    connection.socket.destroy();
    socket.destroy();
  });

  test('a way to give a request without a body its events back', async () => {
    expect(canSkipEvents).toBe(true);
    const { server, port } = await listen({ optimizeEmptyRequests: true });
    const events: string[] = [];
    server.on('request', (incoming, outgoing) => {
      skipEvents(incoming);
      events.push(`destroyed: ${incoming.destroyed}`);
      for (const name of ['end', 'close']) incoming.on(name, () => events.push(name));
      outgoing.on('close', () => events.push('response'));
      setImmediate(() => outgoing.end());
    });
    await send(`http://127.0.0.1:${port}`, { path: '/' });
    await expect.poll(() => events).toHaveLength(4);
    expect(events[0]).toBe('destroyed: false');
    expect(events.slice(1).toSorted()).toEqual(['close', 'end', 'response']);
    server.close();
  });

  test('the count of the bytes that the kernel has taken', async () => {
    const size = 50_000_000; // more than its buffers hold
    const { server, port } = await listen();
    const client = connect(port, '127.0.0.1').pause();
    const [socket]: Socket[] = await once(server, 'connection');
    if (!socket) throw new Error('no connection');
    socket.write(Buffer.alloc(size));
    expect(bytesTaken(socket)).toBeGreaterThan(0);
    expect(bytesTaken(socket)).toBeLessThan(size);
    // What the socket itself says changes with the whole write only.
    expect(socket.bytesWritten - socket.writableLength).toBe(0);
    client.resume();
    await once(socket, 'drain');
    expect(bytesTaken(socket)).toBe(size);
    socket.destroy(); // has no handle any more
    expect(bytesTaken(socket)).toBe(size);
    server.close();
  });

  test('the method that it calls after the last response of a connection', async () => {
    const { server, port } = await listen();
    let ends = 0;
    server
      .on('connection', (socket) =>
        onLastResponse(socket, () => {
          ends += 1;
          socket.end();
        }),
      )
      .on('request', (_, outgoing) => outgoing.end('x'));
    const connection = rawConnection(port);
    connection.write(request());
    await connection.response();
    expect(ends).toBe(0);
    connection.write(request('/', 'Connection: close'));
    await connection.response();
    await connection.end();
    expect(ends).toBe(1);
    server.close();
    connection.socket.destroy();
  });

  test('what says that a response leaves out a field of the connection because it was removed', async () => {
    const { server, port } = await listen();
    const names = ['Connection', 'Transfer-Encoding', 'Content-Length'];
    server.on('request', ({ url }, outgoing) => {
      for (const name of names) outgoing.setHeader(name, '1').removeHeader(name);
      forgetRemoved(outgoing);
      if (url === '/chunked') outgoing.write('x');
      outgoing.end('x');
    });
    const headersOf = async (path: string) =>
      (await send(`http://127.0.0.1:${port}`, { path })).headers;
    expect(await headersOf('/')).toMatchObject({ connection: 'close', 'content-length': '1' });
    expect(await headersOf('/chunked')).toMatchObject({ 'transfer-encoding': 'chunked' });
    server.close();
  });

  test.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'a way to write to a terminal without waiting for it',
    async () => {
      const code = 'console.log(typeof process.stdout._handle.setBlocking)';
      const { stdout, ended } = run(['script', '-qec', `node -e "${code}"`, '/dev/null']);
      await ended;
      expect(stdout.join('\n')).toContain('function');
    },
  );

  test('a way to stop listening that leaves connections and the clock of their time limits alone', async () => {
    const { server, port } = await listen({ headersTimeout: 100, connectionsCheckingInterval: 10 });
    server.on('request', (_, outgoing) => outgoing.end('x'));
    const connection = rawConnection(port);
    connection.write(request());
    await connection.response();
    stopListening(server);
    await expect(send(`http://127.0.0.1:${port}`, { path: '/' })).rejects.toThrow('ECONNREFUSED');
    connection.write(request());
    expect((await connection.response()).body).toBe('x');
    connection.write('GET / HTTP/1.1\r\nHost');
    const [{ code }] = await once(server, 'clientError');
    expect(code).toBe('ERR_HTTP_REQUEST_TIMEOUT');
    connection.socket.destroy();
  });
});

test("@hono/node-server still keeps a Response's parts where they are looked for", () => {
  const NativeResponse = Response;
  getRequestListener(() => new Response());
  expect(Response).not.toBe(NativeResponse);
  const headers = { 'X-A': 'b' };
  expect(partsOf(new Response('x', { status: 201, headers }))).toEqual([201, 'x', headers]);
  const stream = new ReadableStream();
  expect(partsOf(new Response(stream))?.[1]).toBe(stream);
  expect(partsOf(new NativeResponse('x'))).toBeUndefined();
});

/** A reader of two chunks. */
const twoChunks = () => {
  const chunks = ['a', 'b'].map((text) => new TextEncoder().encode(text));
  return {
    closed: Promise.resolve(undefined),
    async read() {
      const value = chunks.shift();
      return value ? { done: false as const, value } : { done: true as const, value };
    },
    async cancel() {},
  };
};

test('@hono/node-server still asks a body for its reader, and for nothing else', async () => {
  const reader = twoChunks();
  const body = readerBody(reader);
  let isTaken = false;
  body.getReader = Object.assign(() => {
    isTaken = true;
    return reader as ReadableStreamDefaultReader & ReadableStreamBYOBReader;
  });
  const { server, port } = await listen();
  server.on(
    'request',
    getRequestListener(() => new Response(body)),
  );
  const response = await send(`http://127.0.0.1:${port}`, { path: '/' });
  expect(response.body).toBe('ab');
  expect(isTaken).toBe(true);
  server.close();
});

test('a body that hands out a reader is a stream of the same to who reads in another way', async () => {
  const chunks: Uint8Array[] = [];
  await readerBody(twoChunks()).pipeTo(
    new WritableStream({ write: (chunk) => void chunks.push(chunk) }),
  );
  expect(Buffer.concat(chunks).toString()).toBe('ab');
  let isCancelled = false;
  const cancel = async () => {
    isCancelled = true;
  };
  await readerBody({ ...twoChunks(), cancel }).cancel();
  expect(isCancelled).toBe(true);
});

test('@hono/node-server still says in the same words that a client has left', async () => {
  const errors: unknown[] = [];
  const { server, port } = await listen();
  const upload = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n1';
  const aborted = async ({ signal }: Request) => {
    if (!signal.aborted) await once(signal, 'abort');
    signal.throwIfAborted();
  };
  const visits: [string, (request: Request) => Promise<unknown>][] = [
    [upload, (request) => request.text()],
    [upload, ({ body }) => Promise.resolve(body?.pipeTo(new WritableStream()))],
    [upload, aborted],
    [upload.replace('2', '1'), (request) => request.text().then(() => aborted(request))],
  ];
  for (const [bytes, handle] of visits) {
    const listener = getRequestListener(async (request) => {
      await handle(request).catch((error) => errors.push(error));
      return new Response();
    });
    server.removeAllListeners('request').on('request', listener);
    const connection = rawConnection(port);
    connection.write(bytes);
    await once(server, 'request');
    connection.socket.destroy();
  }
  server.close();
  await expect.poll(() => errors).toHaveLength(visits.length);
  expect(errors.filter((error) => !isAbort(error))).toEqual([]);
});

test.each([
  ['hono', Hono],
  ['hono/tiny', TinyHono],
  ['hono/quick', QuickHono],
  ["hono's CommonJS build", createRequire(import.meta.url)('hono').Hono as typeof Hono],
])('%s still keeps the onError of an app where it is looked for', (_, Class) => {
  const app = new Class();
  expect(Reflect.get(app, 'errorHandler')).toBe(Reflect.get(new Class(), 'errorHandler'));
  const handler = () => new Response();
  app.onError(handler);
  expect(Reflect.get(app, 'errorHandler')).toBe(handler);
});

describe('where it is gone,', () => {
  const degraded =
    (WITHOUT: string) =>
    (env: Record<string, string> = {}) =>
      startServer(degradedFixture, { env: { ...env, WITHOUT } });

  // What a native Response, made in the place of the parts, is or does not take: the bodies of the first
  // may fail before their header is sent, and there is no body with 204 or 304, no late type of a Blob, and
  // no stream of another class.
  const notTheSame = [
    '/stream-error',
    '/stream-error-async',
    '/stream-error-undefined',
    '/stream-error-at-once',
    '/no-content-text',
    '/no-content-stream',
    '/not-modified-text',
    '/type/blob-behind-headers-set',
    '/other-stream/get-reader',
  ];
  describe('the parts of a Response: all other responses are the same', () =>
    anyAppTestsAt(degraded('Symbol(cache)'), {
      cases: sample(
        [...anyApp, ...nodeApp].filter(({ path }) => !notTheSame.includes(path)),
        40,
      ),
    }));

  describe("the parser's callback and the socket's handle: the wire is the same", () => {
    let server: ServerProcess;
    beforeAll(async () => {
      server = await degraded('parser,_handle')();
    });
    afterAll(() => server.stop());

    wireTests(() => server, sample(wire, 40));
  });

  test("the app's onError: it responds as before, and each 500 has a line", async () => {
    const server = await degraded('errorHandler')();
    const { body } = await send(server.url, { path: '/throw/error' });
    expect(body).toBe('{"message":"Internal Server Error"}');
    await server.stop();
    expect(server.errors()).toEqual([
      expect.objectContaining({ level: 'WARN', message: 'the app responded with 500' }),
    ]);
  });
});

describe('what our place of it is for:', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(fixture);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    expect(server.errors()).toEqual([]);
  });

  /** Sends the head of an upload, and of its body whatever the server takes until it responds. */
  const upload = async (head: string) => {
    const connection = rawConnection(server.port);
    const { socket } = connection;
    const chunk = 'x'.repeat(65_536);
    let isDone = false;
    const goOn = () => {
      while (!isDone && socket.writable && socket.write(chunk));
    };
    connection.write(head);
    socket.on('drain', goOn);
    goOn();
    const { status } = await connection.response();
    isDone = true;
    socket.end();
    await connection.end();
    return status;
  };

  test.each([
    ['that the client wants to end', 'Connection: close\r\n'],
    ['that could go on', ''],
  ])(
    'each of forty clients gets the response to an upload that nobody reads, on a connection %s',
    async (_, field) => {
      const head = `POST / HTTP/1.1\r\nHost: h\r\n${field}Content-Length: 100000000000\r\n\r\n`;
      const uploads = Array.from({ length: 40 }, () => upload(head));
      const responses = await Promise.allSettled(uploads);
      expect(responses).toEqual(Array(40).fill({ status: 'fulfilled', value: 404 }));
    },
  );

  test.each(
    sample(
      wire.filter(({ statuses }) => !statuses.includes(408)),
      20,
    ),
  )('a reset by the client does no harm: $name', async ({ bytes }) => {
    const early = rawConnection(server.port);
    early.write(bytes);
    await once(early.socket, 'connect');
    early.socket.resetAndDestroy();
    const late = rawConnection(server.port);
    late.write(bytes);
    await once(late.socket, 'data');
    late.socket.resetAndDestroy();
    expect((await send(server.url, { path: '/health' })).status).toBe(200);
  });
});
