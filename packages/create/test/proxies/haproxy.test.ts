import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, startServer } from '@edge-ping/serve-testing/process';
import { expect, test } from 'vitest';
import { contract, healthCase } from '../../../../test/contract.ts';
import { type RunningProxy, startProxy } from './proxy.ts';

const haproxy = (path: string) => ['haproxy', '-db', '-f', path];

/** A case whose response makes a check find the server down. */
const absent = contract.find(({ method, status }) => method === 'GET' && status === 404);

const defaults = `
defaults
  mode http
  timeout connect 1s
  timeout check 5s
  timeout client 30s
  timeout server 30s
`;

/** The status that HAProxy gives each server, and the result of its last check. */
const states = async ({ directory }: RunningProxy): Promise<Record<string, string>> => {
  const socket = connect(join(directory, 'stats'));
  socket.write('show stat\n');
  const [head = '', ...rows] = (await text(socket)).replace('# ', '').trim().split('\n');
  const names = head.split(',');
  const column = (row: string, name: string) => row.split(',')[names.indexOf(name)] ?? '';
  return Object.fromEntries(
    rows
      .filter((row) => !/^(FRONT|BACK)END$/.test(column(row, 'svname')))
      .map((row) => [
        `${column(row, 'pxname')}/${column(row, 'svname')}`,
        `${column(row, 'status')} ${column(row, 'check_status')}`,
      ]),
  );
};

test('HAProxy finds the server up by each of its checks, and down by a path that is none', async () => {
  const server = await startServer(['node', 'adapters/node.ts']);
  const backend = (name: string, check: string) =>
    `backend ${name}\n  ${check}\n  server s 127.0.0.1:${server.port} check inter 200ms`;
  const proxy = await startProxy(haproxy, (directory) =>
    [
      `global\n  stats socket ${directory}/stats level admin`,
      defaults,
      backend('plain', `option httpchk GET ${healthCase.path}`),
      backend('head', `option httpchk HEAD ${healthCase.path}`),
      backend(
        'http11',
        `option httpchk\n  http-check send meth GET uri ${healthCase.path} ver HTTP/1.1 hdr Host h`,
      ),
      backend('unhealthy', `option httpchk GET ${absent?.path}`),
      '',
    ].join('\n'),
  );
  await expect
    .poll(() => states(proxy).catch(() => proxy.output()))
    .toEqual({
      'plain/s': 'UP L7OK',
      'head/s': 'UP L7OK',
      'http11/s': 'UP L7OK',
      'unhealthy/s': 'DOWN L7STS',
    });
  await proxy.stop();
  await server.stop();
});

test('a rolling restart of two servers behind HAProxy shows no client an error', async () => {
  const servers = [
    await startServer(['node', 'adapters/node.ts']),
    await startServer(['node', 'adapters/node.ts']),
  ];
  const port = await freePort();
  const proxy = await startProxy(haproxy, (directory) =>
    [
      `global\n  stats socket ${directory}/stats level admin`,
      defaults,
      `frontend in\n  bind 127.0.0.1:${port}\n  default_backend both`,
      `backend both\n  balance roundrobin\n  option httpchk GET ${healthCase.path}\n  option redispatch\n  retries 3`,
      ...servers.map(
        (server) => `  server s${server.port} 127.0.0.1:${server.port} check inter 100ms`,
      ),
      '',
    ].join('\n'),
  );
  const names = servers.map((server) => `both/s${server.port}`);
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
      servers[index] = await startServer(['node', 'adapters/node.ts'], {
        env: { PORT: String(server.port) },
      });
      // As an orchestrator does: the next one goes when this one takes traffic.
      await expect
        .poll(() => states(proxy))
        .toEqual(Object.fromEntries(names.map((name) => [name, 'UP L7OK'])));
    }
  await moreAnswers();
  restarting = false;
  await Promise.all(clients);
  agent.destroy();
  await proxy.stop();
  for (const server of servers) await server.stop();
  expect(errors).toEqual([]);
}, 60_000);
