import { type Sent, send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyApp, nodeApp } from '../any-app/cases.ts';
import type { FixtureEnv } from '../any-app/runner.ts';
import { bundle } from '../support/bundles.ts';
import { rawConnection } from '../support/raw.ts';
import { fixture } from '../support/targets.ts';
import { endless, headTests, methodTests } from './runner.ts';

const starting = (command: () => Promise<string[]>) => async (env: FixtureEnv) => {
  const server = await startServer(await command(), { env });
  return { ...server, send: (sent: Sent) => send(server.url, sent) };
};

describe('HEAD, on Node', () => {
  methodTests(starting(async () => fixture));
  headTests(
    starting(async () => fixture),
    // Node sends no Transfer-Encoding with a HEAD, which RFC 9112 §6.1 leaves to it.
    ({ date: _, 'transfer-encoding': __, ...headers }) => headers,
    [...anyApp, ...nodeApp],
  );
});

describe('HEAD, on Node: the bundle', () => methodTests(starting(bundle)));

describe('HEAD, on a connection that goes on', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(fixture);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  test.each([...endless, '/large?bytes=1000000'])('%s ends with its header', async (path) => {
    const connection = rawConnection(server.port);
    const request = `HEAD ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    connection.write(`${request}${request}GET /alive HTTP/1.1\r\nHost: h\r\n\r\n`);
    for (let count = 0; count < 2; count += 1)
      expect((await connection.response('HEAD')).status).toBe(200);
    expect((await connection.response()).status).toBe(200);
    const alive = async () => (await send(server.url, { path: '/alive' })).body;
    await expect.poll(alive).toBe('0');
    connection.socket.destroy();
  });
});
