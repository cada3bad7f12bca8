import { once } from 'node:events';
import { createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { send } from '@edge-ping/serve-testing/client';
import { run } from '@edge-ping/serve-testing/process';
import { Hono } from 'hono';
import { describe, expect, test, vi } from 'vitest';
import { createServer } from '../../src/node/serve.ts';
import { rawConnection } from '../support/raw.ts';

const greeting = (text: string) => new Hono().get('/', (c) => c.text(text));

const get = async (port: number, path = '/') =>
  (await send(`http://127.0.0.1:${port}`, { path })).body;

/** An app with a handler that waits until it is let go. */
const waiting = () => {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const app = new Hono().get('/', async (c) => {
    begun.resolve();
    await gate.promise;
    return c.text('done');
  });
  return { app, begun: begun.promise, letGo: gate.resolve };
};

describe('createServer', () => {
  test('makes a server that listens when it is told, and no longer once it is closed', async () => {
    const server = createServer(greeting('Hello'));
    expect(server.address()).toBeNull();
    const { port } = await server.listen(0, '127.0.0.1');
    expect(server.address()).toMatchObject({ port, address: '127.0.0.1' });
    expect(await get(port)).toBe('Hello');
    expect(await server.close()).toBe(true);
    expect(server.address()).toBeNull();
    await expect(get(port)).rejects.toThrow('ECONNREFUSED');
  });

  test.each([2 ** 31, Number.MAX_VALUE, Infinity])(
    'a deadline of %d milliseconds cuts nothing off',
    async (deadline) => {
      const { app, begun, letGo } = waiting();
      const server = createServer(app);
      const { port } = await server.listen(0, '127.0.0.1');
      const body = get(port);
      await begun;
      const closing = server.close(deadline);
      await new Promise((resolve) => setTimeout(resolve, 100)); // Node makes 1 ms of what its timers can't take
      letGo();
      expect(await body).toBe('done');
      expect(await closing).toBe(true);
    },
  );

  test.each([Number.NaN, -1])('a deadline of %d is refused', async (deadline) => {
    await expect(createServer(greeting('Hello')).close(deadline)).rejects.toThrow(RangeError);
  });

  test('works in a worker thread', async () => {
    const worker = new Worker(new URL('worker-thread.ts', import.meta.url));
    const [body] = await once(worker, 'message');
    expect(body).toBe('Hello');
    await worker.terminate();
  });

  test('works where standard output and error are closed', async () => {
    const made = join(import.meta.dirname, 'made.ts');
    const { ended } = run(['sh', '-c', `exec node ${made} >&- 2>&-`]);
    expect(await ended).toBe(0);
  });

  test('makes several in one process, each with its own app and bindings', async () => {
    interface Env {
      Bindings: { NAME: string };
    }
    const app = new Hono<Env>().get('/', (c) => c.text(c.env.NAME));
    const servers = ['a', 'b', 'c'].map((NAME) => createServer(app, { bindings: { NAME } }));
    servers.push(createServer(greeting('d')));
    const ports: number[] = [];
    for (const server of servers) ports.push((await server.listen(0, '127.0.0.1')).port);
    expect(await Promise.all(ports.map((port) => get(port)))).toEqual(['a', 'b', 'c', 'd']);
    expect(await servers[0]?.close()).toBe(true);
    expect(await get(ports[1] ?? 0)).toBe('b');
    for (const server of servers) await server.close();
  });

  test('reads no environment, and takes no signals', async () => {
    vi.stubEnv('PORT', 'none').stubEnv('HOST', 'none').stubEnv('TRUST_PROXY', 'none');
    const events = ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection'];
    const listeners = () => events.map((event) => process.listenerCount(event));
    const before = listeners();
    const server = createServer(greeting('Hello'));
    const { port } = await server.listen(0);
    expect(await get(port)).toBe('Hello');
    expect(listeners()).toEqual(before);
    await server.close();
    vi.unstubAllEnvs();
  });

  test('rejects with what the system says, and listens elsewhere after that', async () => {
    const other = createNetServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const stderr = vi.spyOn(process.stderr, 'write');
    const server = createServer(greeting('Hello'));
    for (let attempt = 0; attempt < 2; attempt += 1)
      await expect(server.listen(taken, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(server.listen(0, '192.0.2.1')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
    await expect(server.listen(99_999)).rejects.toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' });
    expect(server.address()).toBeNull();
    const { port } = await server.listen(0, '127.0.0.1');
    await expect(server.listen(0)).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' });
    expect(await get(port)).toBe('Hello');
    await server.close();
    expect(stderr).not.toHaveBeenCalledWith(expect.stringContaining('ERROR'), expect.anything());
    stderr.mockRestore();
    other.close();
  });

  test.each([-1, 101, 1.5, Number.NaN])('refuses trustProxy: %d', (trustProxy) => {
    expect(() => createServer(new Hono(), { trustProxy })).toThrow(
      'must be an integer from 0 to 100',
    );
  });

  test('lets a process end that only makes a server', async () => {
    const { ended, stdout, stderr } = run(['node', join(import.meta.dirname, 'made.ts')]);
    expect(await ended).toBe(0);
    expect([...stdout, ...stderr]).toEqual([]);
  });
});

describe('close', () => {
  test('lets the requests in progress end, calls onShutdown then, and says that all is well', async () => {
    const { app, begun, letGo } = waiting();
    const events: string[] = [];
    const server = createServer(app, { onShutdown: () => events.push('closed') });
    const { port } = await server.listen(0, '127.0.0.1');
    const response = get(port).then((body) => events.push(body));
    await begun;
    const closed = server.close();
    expect(server.address()).toBeNull();
    letGo();
    expect(await closed).toBe(true);
    await response;
    expect(events.toSorted()).toEqual(['closed', 'done']);
  });

  test('waits for what was given to waitUntil, and for what that begins', async () => {
    const done: string[] = [];
    const app = new Hono().get('/', (c) => {
      const { executionCtx } = c;
      const second = () => sleep(20).then(() => done.push('second'));
      executionCtx.waitUntil(
        sleep(20).then(() => {
          done.push('first');
          executionCtx.waitUntil(second());
        }),
      );
      return c.text('accepted');
    });
    const server = createServer(app, { onShutdown: () => done.push('closed') });
    const { port } = await server.listen(0, '127.0.0.1');
    expect(await get(port)).toBe('accepted');
    expect(await server.close()).toBe(true);
    expect(done).toEqual(['first', 'second', 'closed']);
  });

  test('cuts off at the deadline what has not ended, and says so', async () => {
    const { app, begun } = waiting();
    const onShutdown = vi.fn();
    const server = createServer(app, { onShutdown });
    const { port } = await server.listen(0, '127.0.0.1');
    const connection = rawConnection(port);
    connection.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await begun;
    expect(await server.close(50)).toBe(false);
    await expect(connection.response()).rejects.toThrow();
    expect(onShutdown).toHaveBeenCalledOnce();
  });

  test('lets onShutdown end, though the deadline has passed', async () => {
    const { app, begun } = waiting();
    const onShutdown = vi.fn();
    const server = createServer(app, { onShutdown: () => sleep(20).then(onShutdown) });
    const { port } = await server.listen(0, '127.0.0.1');
    const { socket, write } = rawConnection(port);
    write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await begun;
    expect(await server.close(0)).toBe(false);
    socket.destroy();
    expect(onShutdown).toHaveBeenCalledOnce();
  });

  test('says so if onShutdown fails', async () => {
    const server = createServer(new Hono(), {
      onShutdown() {
        throw new Error('stuck');
      },
    });
    expect(await server.close()).toBe(false);
  });

  test('does not wait for an onShutdown beyond the deadline', async () => {
    const server = createServer(new Hono(), { onShutdown: () => new Promise(() => {}) });
    expect(await server.close(50)).toBe(false);
  });

  test('closes a server that never listened, and one that is about to', async () => {
    const onShutdown = vi.fn();
    expect(await createServer(new Hono(), { onShutdown }).close()).toBe(true);
    for (const hostname of [undefined, 'localhost']) {
      const server = createServer(new Hono(), { onShutdown });
      const listening = server.listen(0, hostname);
      expect(await server.close()).toBe(true);
      await listening;
      expect(server.address()).toBeNull();
    }
    expect(onShutdown).toHaveBeenCalledTimes(3);
  });

  test('does it once, however often it is called, and for good', async () => {
    const { app, begun, letGo } = waiting();
    const onShutdown = vi.fn();
    const server = createServer(app, { onShutdown });
    const { port } = await server.listen(0, '127.0.0.1');
    const response = get(port);
    await begun;
    const [first, second] = [server.close(), server.close(1)];
    letGo();
    expect(await Promise.all([first, second, server.close()])).toEqual([true, true, true]);
    expect(await response).toBe('done');
    expect(onShutdown).toHaveBeenCalledOnce();
    await expect(server.listen(0)).rejects.toThrow('closed');
  });
});
