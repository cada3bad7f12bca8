import { send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../support/bundles.ts';
import { rawConnection } from '../support/raw.ts';
import { sample } from '../support/sample.ts';
import { fixture } from '../support/targets.ts';
import { wire } from './cases.ts';
import { wireTests } from './runner.ts';

describe.each([
  ['the sources', async () => fixture, wire],
  [
    'the bundle',
    bundle,
    sample(
      wire.filter(({ statuses }) => !statuses.includes(408)),
      40,
    ),
  ],
] as const)('%s', (_, command, cases) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(await command());
  });
  afterAll(() => server.stop());

  wireTests(() => server, cases);
});

describe('connections', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(fixture);
  });
  afterAll(() => server.stop());

  const openSockets = async () =>
    Number((await send(server.url, { path: '/open-sockets' })).body) - 1;

  test('that the server ends are gone though the client never closes', async () => {
    const ending = wire.filter(({ ends, statuses }) => ends && !statuses.includes(408));
    const connections = await Promise.all(
      ending.flatMap((wireCase) =>
        Array.from({ length: 5 }, async () => {
          const connection = rawConnection(server.port);
          connection.write(wireCase.bytes);
          for (const [index] of wireCase.statuses.entries())
            await connection.response(wireCase.methods?.[index]);
          await connection.end();
          return connection;
        }),
      ),
    );
    expect(connections.length).toBeGreaterThan(50);
    await expect.poll(openSockets).toBe(0);
    for (const { socket } of connections) socket.destroy();
  });

  const recordOf = (uri: string) =>
    expect.poll(() => server.records().filter((record) => record.uri === uri));

  test.each([
    ['/read?1', 'zz\r\n', 400, /Invalid character in chunk size/],
    ['/read?2', '3\r\nabcXX', 400, /./],
  ])(
    'whose body goes wrong while a handler reads it get one response: %s %j is %i',
    async (path, bytes, status, error) => {
      const connection = rawConnection(server.port);
      connection.write(
        `POST ${path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${bytes}`,
      );
      const response = await connection.response();
      expect([response.status, response.headers.connection]).toEqual([status, 'close']);
      expect(await connection.end()).toBe('');
      connection.socket.destroy();
      await recordOf(path).toEqual([
        expect.objectContaining({ status, error: expect.stringMatching(error) }),
      ]);
      expect((await send(server.url, { path: '/' })).status).toBe(200);
      expect(server.errors()).toEqual([]);
    },
  );

  test.each([
    ['/read?4', 'Content-Length: 10', 'ab', 'end', 499],
    ['/read?5', 'Content-Length: 10', 'ab', 'destroy', 499],
    ['/read?6', 'Transfer-Encoding: chunked', '3\r\nab', 'end', 499],
    ['/read?7', 'Transfer-Encoding: chunked', '2\r\nab\r\n', 'destroy', 499],
    ['/echo?8', 'Content-Length: 10', 'ab', 'destroy', 200],
    ['/echo?9', 'Transfer-Encoding: chunked', '3\r\nab', 'end', 200],
  ] as const)(
    'whose client leaves while it sends a body are logged as such, and nobody is blamed: %s',
    async (path, field, bytes, leave, status) => {
      const connection = rawConnection(server.port);
      connection.write(`POST ${path} HTTP/1.1\r\nHost: h\r\n${field}\r\n\r\n${bytes}`);
      await expect.poll(openSockets).toBeGreaterThan(0);
      connection.socket[leave]();
      await recordOf(path).toEqual([
        expect.objectContaining({ status, error: 'the client left', bytes_in: 2 }),
      ]);
      connection.socket.destroy();
      expect((await send(server.url, { path: '/' })).status).toBe(200);
      expect(server.errors()).toEqual([]);
      expect(server.stderr).toHaveLength(1);
    },
  );

  test('with more than a hundred requests pipelined are cut, and no handler begins while the one before it holds its response', async () => {
    const connection = rawConnection(server.port);
    connection.write('GET /until-signal?many HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(5_000));
    await expect(connection.response()).rejects.toThrow();
    await recordOf('/until-signal?many').toHaveLength(100);
    expect((await send(server.url, { path: '/held' })).body).toBe('1');
    server.child.kill('SIGUSR2');
    await recordOf('/until-signal?many').toEqual(
      Array(100).fill(
        expect.objectContaining({ status: 499, error: 'more than 100 requests were pipelined' }),
      ),
    );
  });

  test('with more than a hundred requests pipelined are cut once the responses that are ready are sent', async () => {
    const connection = rawConnection(server.port);
    connection.write('GET /?ready HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(150));
    for (let count = 0; count < 100; count += 1)
      expect((await connection.response()).status).toBe(200);
    expect(await connection.end()).toBe('');
    await recordOf('/?ready').toEqual(Array(100).fill(expect.objectContaining({ status: 200 })));
  });

  test('that are cut while an answer is due are logged as 499, those behind them too', async () => {
    const connection = rawConnection(server.port);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    connection.write(get('/until-signal?1') + get('/?behind'));
    await expect.poll(async () => (await send(server.url, { path: '/held' })).body).toBe('1');
    connection.socket.destroy();
    await recordOf('/?behind').toHaveLength(1);
    server.child.kill('SIGUSR2');
    for (const uri of ['/until-signal?1', '/?behind'])
      await expect
        .poll(() => server.records())
        .toContainEqual(
          expect.objectContaining({ uri, status: 499, error: 'the client left', bytes_in: 0 }),
        );
  });
});
