import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { send } from '@edge-ping/serve/testing/client';
import { freePort, type ServerProcess, startServer } from '@edge-ping/serve/testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contract, healthCase } from '../contract.ts';
import { contractTestsAt } from '../support/contract-tests.ts';
import { startProxy } from '../support/proxy.ts';
import { startCommand } from '../support/targets.ts';

const haproxy = (path: string) => ['haproxy', '-db', '-f', path];

/** A case whose response makes a check find the server down. */
const absent = contract.find(({ method, status }) => method === 'GET' && status === 404);

const defaults = `
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
`;

type Proxy = Awaited<ReturnType<typeof startProxy>>;

/** The status that HAProxy gives each server, and the result of its last check. */
const servers = async ({ directory }: Proxy): Promise<Record<string, string>> => {
  const socket = connect(join(directory, 'stats'));
  socket.write('show stat\n');
  const [head = '', ...rows] = (await text(socket)).replace('# ', '').trim().split('\n');
  const names = head.split(',');
  const column = (row: string, name: string) => row.split(',')[names.indexOf(name)] ?? '';
  return Object.fromEntries(
    rows
      .filter((row) => !/^(FRONT|BACK)END$/.test(column(row, 'svname')))
      .map((row) => [
        column(row, 'pxname'),
        `${column(row, 'status')} ${column(row, 'check_status')}`,
      ]),
  );
};

describe('HAProxy', () => {
  let server: ServerProcess;
  let proxy: Proxy;
  let port: number;
  beforeAll(async () => {
    server = await startServer(startCommand, { env: { TRUST_PROXY: '1' } });
    port = await freePort();
    const backend = (name: string, check: string) =>
      `backend ${name}\n  ${check}\n  server s 127.0.0.1:${server.port} check inter 200ms\n`;
    proxy = await startProxy(haproxy, (directory) =>
      [
        `global\n  stats socket ${directory}/stats level admin`,
        defaults,
        `frontend in\n  bind 127.0.0.1:${port}\n  option forwardfor\n  default_backend plain`,
        backend('plain', `option httpchk GET ${healthCase.path}`),
        backend('head', `option httpchk HEAD ${healthCase.path}`),
        backend(
          'http11',
          `option httpchk\n  http-check send meth GET uri ${healthCase.path} ver HTTP/1.1 hdr Host h`,
        ),
        backend('unhealthy', `option httpchk GET ${absent?.path}`),
      ].join('\n'),
    );
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  test('finds the server up by each of its checks, and down by a path that is none', async () => {
    await expect
      .poll(() => servers(proxy).catch(() => undefined), { timeout: 5_000 })
      .toEqual({
        plain: 'UP L7OK',
        head: 'UP L7OK',
        http11: 'UP L7OK',
        unhealthy: 'DOWN L7STS',
      });
  });

  describe('before the server', () => contractTestsAt(() => `http://127.0.0.1:${port}`));

  test('tells the server who the client is', async () => {
    await send(`http://127.0.0.1:${port}`, { path: '/?who', localAddress: '127.0.0.2' });
    await expect
      .poll(() => server.records())
      .toContainEqual(expect.objectContaining({ uri: '/?who', remote_ip: '127.0.0.2' }));
  });
});

test('a rolling restart of two servers behind HAProxy shows no client an error', async () => {
  const servers = [await startServer(startCommand), await startServer(startCommand)];
  const port = await freePort();
  const proxy = await startProxy(haproxy, () =>
    [
      'global',
      defaults,
      `frontend in\n  bind 127.0.0.1:${port}\n  default_backend both`,
      `backend both\n  balance roundrobin\n  option httpchk GET ${healthCase.path}\n  option redispatch\n  retries 3`,
      ...servers.map(
        (server) => `  server s${server.port} 127.0.0.1:${server.port} check inter 100ms`,
      ),
      '',
    ].join('\n'),
  );
  const url = `http://127.0.0.1:${port}${healthCase.path}`;
  await expect
    .poll(() => send(url, { path: healthCase.path }).catch(() => undefined))
    .toHaveProperty('status', 200);

  let answers = 0;
  let restarting = true;
  const errors: unknown[] = [];
  const agent = new Agent({ keepAlive: true });
  const client = async () => {
    while (restarting) {
      const status = await new Promise((resolve) =>
        request(url, { agent }, (response) =>
          response.on('end', () => resolve(response.statusCode)).resume(),
        )
          .on('error', (error) => resolve(error))
          .end(),
      );
      answers += 1;
      if (status !== 200) errors.push(status);
    }
  };
  const clients = Array.from({ length: 32 }, client);
  const moreAnswers = async () => {
    const before = answers;
    await expect.poll(() => answers, { timeout: 10_000 }).toBeGreaterThan(before + 2_000);
  };

  for (let round = 0; round < 3; round += 1)
    for (const [index, server] of servers.entries()) {
      await moreAnswers();
      expect(await server.stop()).toBe(0);
      servers[index] = await startServer(startCommand, { env: { PORT: String(server.port) } });
    }
  await moreAnswers();
  restarting = false;
  await Promise.all(clients);
  agent.destroy();
  await proxy.stop();
  for (const server of servers) await server.stop();
  expect(errors).toEqual([]);
}, 60_000);
