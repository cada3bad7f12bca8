import { send } from '@edge-ping/serve-testing/client';
import { startServer } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import { anyApp, nodeApp } from '../any-app/cases.ts';
import { rawConnection } from '../support/raw.ts';
import { fixture } from '../support/targets.ts';
import { endless, headTests } from './runner.ts';

// The other tables have a few cases of HEAD for the bundle.
describe('HEAD, on Node', () =>
  headTests(
    async (env) => {
      const server = await startServer(fixture, { env });
      return { ...server, send: (sent) => send(server.url, sent) };
    },
    // Node sends no Transfer-Encoding with a HEAD, which RFC 9112 §6.1 leaves to it.
    ({ date: _, 'transfer-encoding': __, ...headers }) => headers,
    [...anyApp, ...nodeApp],
  ));

test.each([...endless, '/large?bytes=1000000'])(
  'HEAD %s ends with its header, and the connection goes on',
  async (path) => {
    const server = await startServer(fixture);
    const connection = rawConnection(server.port);
    const request = `HEAD ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    connection.write(`${request}${request}GET /alive HTTP/1.1\r\nHost: h\r\n\r\n`);
    for (let count = 0; count < 2; count += 1)
      expect((await connection.response('HEAD')).status).toBe(200);
    expect((await connection.response()).status).toBe(200);
    const alive = async () => (await send(server.url, { path: '/alive' })).body;
    await expect.poll(alive).toBe('0');
    connection.socket.destroy();
    expect(await server.stop()).toBe(0);
  },
);
