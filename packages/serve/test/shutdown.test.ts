import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import { healthRequest, visit } from './support/load.ts';
import { rawConnection } from './support/raw.ts';
import { refused } from './support/refused.ts';
import { fixture } from './support/targets.ts';

/** Opens a connection with a request that a handler holds until SIGUSR2. */
const hold = async (server: ServerProcess) => {
  const connection = rawConnection(server.port);
  connection.write('GET /until-signal HTTP/1.1\r\nHost: h\r\n\r\n');
  const held = async () => (await send(server.url, { path: '/held' })).body;
  await expect.poll(held).toBe('1');
  return connection;
};

describe('SIGTERM', () => {
  test('loses no request of 64 keep-alive connections under load', async () => {
    const server = await startServer(fixture);
    let responses = 0;
    const visits = Array.from({ length: 64 }, () =>
      visit(server.port, () => {
        responses += 1;
        if (responses === 2_000) server.child.kill('SIGTERM');
      }),
    );
    await Promise.all(visits);
    expect(await server.ended).toBe(0);
    expect(server.records()).toHaveLength(responses);
  });

  test('loses no response of a client that pipelines requests and reads late', async () => {
    const server = await startServer(fixture);
    const connection = rawConnection(server.port);
    const { socket } = connection;
    await once(socket, 'connect');
    socket.pause();
    // More than the kernel's buffers hold.
    connection.write('GET /large?bytes=500000 HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(20));
    const held = await hold(server);
    server.child.kill('SIGTERM');
    await refused(server.port);
    server.child.kill('SIGUSR2');
    await held.response();
    socket.resume();
    for (let count = 0; count < 20; count += 1)
      expect((await connection.response()).body).toHaveLength(500_000);
    expect(await connection.end()).toBe('');
    socket.destroy();
    expect(await server.ended).toBe(0);
    const sent = server.records().filter(({ uri }) => uri.startsWith('/large'));
    expect(sent).toHaveLength(20);
    for (const { status } of sent) expect(status).toBe(200);
  });

  test('lets a request in flight finish and its client know, and takes no other', async () => {
    const server = await startServer(fixture);
    const connection = await hold(server);
    server.child.kill('SIGTERM');
    await refused(server.port);
    server.child.kill('SIGUSR2');
    const response = await connection.response();
    expect([response.status, response.headers.connection]).toEqual([200, 'close']);
    expect(await connection.end()).toBe('');
    expect(await server.ended).toBe(0);
  });

  test('still serves what an idle connection asks within a second, then lets it go', async () => {
    const server = await startServer(fixture);
    const idle = rawConnection(server.port);
    idle.write(healthRequest);
    await idle.response();
    const untouched = rawConnection(server.port);
    const connection = await hold(server);
    server.child.kill('SIGTERM');
    await refused(server.port);
    idle.write(healthRequest);
    expect((await idle.response()).headers.connection).toBe('close');
    expect(await idle.end()).toBe('');
    await untouched.end();
    server.child.kill('SIGUSR2');
    await connection.response();
    expect(await server.ended).toBe(0);
  });

  test('is not held up by idle and untouched connections', async () => {
    const server = await startServer(fixture);
    const [idle, untouched] = [rawConnection(server.port), rawConnection(server.port)];
    idle.write(healthRequest);
    await idle.response();
    expect(await server.stop()).toBe(0);
    expect([await idle.end(), await untouched.end()]).toEqual(['', '']);
  });

  test('ends at the deadline what half a header or a handler holds up, and exits with 1', async () => {
    const server = await startServer(fixture);
    const held = await hold(server);
    const half = rawConnection(server.port);
    half.write(`${healthRequest}GET / HTTP/1.1\r\nHos`);
    await half.response();
    expect(await server.stop()).toBe(1);
    expect(server.records()).toContainEqual(
      expect.objectContaining({ uri: '/until-signal', status: 499 }),
    );
    for (const { socket } of [held, half]) socket.destroy();
  });
});

describe('a second signal', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s ends it at once, its log written', async (signal, expected) => {
    const server = await startServer(fixture);
    const idle = rawConnection(server.port);
    idle.write(healthRequest);
    await idle.response();
    const { socket } = await hold(server);
    server.child.kill(signal);
    await refused(server.port); // it has been handled
    await sleep(600); // what comes within 500 ms is the same Ctrl-C
    const requests = server.records().length;
    idle.write(healthRequest.replace(' HTTP', '?last HTTP'));
    await idle.response();
    server.child.kill(signal);
    expect(await server.ended).toBe(expected);
    expect(server.records().length).toBeGreaterThan(requests);
    expect(server.records()).toContainEqual(expect.objectContaining({ uri: '/health?last' }));
    socket.destroy();
  });

  test('within half a second is the same Ctrl-C', async () => {
    const server = await startServer(fixture);
    const connection = await hold(server);
    server.child.kill('SIGINT');
    await sleep(100);
    server.child.kill('SIGINT');
    await sleep(100);
    server.child.kill('SIGUSR2');
    expect((await connection.response()).status).toBe(200);
    expect(await server.ended).toBe(0);
  });
});
