import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from './support/client.ts';
import { nodeServers, type ServerProcess, startServer } from './support/process.ts';
import { rawConnection } from './support/raw.ts';
import { wireTests } from './support/wire-tests.ts';
import { wire } from './wire.ts';

describe.each(nodeServers)('%s', (_, command) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(command);
  });
  afterAll(() => server.stop());

  wireTests(() => server);
});

describe('connections', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(['node', 'test/fixtures/node.ts']);
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
    await expect.poll(openSockets, { timeout: 5_000 }).toBe(0);
    for (const { socket } of connections) socket.destroy();
  });

  test('whose body goes wrong while a handler reads it are cut, and the record says so', async () => {
    const connection = rawConnection(server.port);
    connection.write('POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n');
    await expect(connection.response()).rejects.toThrow();
    await expect
      .poll(() => server.records())
      .toContainEqual(expect.objectContaining({ uri: '/read', status: 499 }));
    expect((await send(server.url, { path: '/' })).status).toBe(200);
  });

  test('that are cut while an answer is due are logged as 499, those behind them too', async () => {
    const connection = rawConnection(server.port);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    connection.write(get('/until-signal?1') + get('/?behind'));
    await expect.poll(openSockets).toBe(1);
    connection.socket.destroy();
    for (const uri of ['/until-signal?1', '/?behind'])
      await expect
        .poll(() => server.records())
        .toContainEqual(expect.objectContaining({ uri, status: 499, bytes_in: 0 }));
  });
});
