import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, run, startServer } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import { bundle, nodeServers } from '../support/bundles.ts';
import { rawConnection } from '../support/raw.ts';
import { refused } from '../support/refused.ts';
import { service } from '../support/targets.ts';
import { events, inProgress, startService } from './start.ts';

const unprivileged = '/proc/sys/net/ipv4/ip_unprivileged_port_start'; // Linux; macOS has no such ports
const firstUnprivilegedPort = existsSync(unprivileged)
  ? Number(readFileSync(unprivileged, 'utf8'))
  : 0;

// Docker 20.10 gives containers none.
const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((network) => network?.address === '::1');

/** Runs the service, or another command, to its end. */
const outcome = async (env: NodeJS.ProcessEnv, command = service) => {
  const { stdout, stderr, ended } = run(command, { env: { ...process.env, PORT: '0', ...env } });
  return { code: await ended, stdout, stderr };
};

/** Takes a port; resolves to it and what gives it back. */
const takenPort = async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const address = other.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    release: () => other.close(),
  };
};

describe.each(nodeServers)('the start of %s', (_, command) => {
  test('says on stderr who listens, and where', async () => {
    const server = await startServer(await command());
    expect(server.stderr).toEqual([`fixture 1.0.0 listens on http://localhost:${server.port}`]);
    expect(await server.stop()).toBe(0);
  });
});

describe('the start', () => {
  test('says where, without a name', async () => {
    const server = await startService();
    expect(server.stderr).toEqual([`listens on http://localhost:${server.port}`]);
    await server.stop();
  });

  test.runIf(hasIPv6)('listens on all interfaces, IPv6 and IPv4', async () => {
    const server = await startService();
    for (const host of ['127.0.0.1', '[::1]'])
      expect((await send(`http://${host}:${server.port}`, { path: '/store' })).status).toBe(200);
    await server.stop();
  });

  test.each([
    ['HOST', {}, { HOST: '127.0.0.1' }, '127.0.0.1'],
    ['hostname', { hostname: '127.0.0.1' }, {}, '127.0.0.1'],
    ['hostname before HOST', { hostname: '127.0.0.1' }, { HOST: '192.0.2.1' }, '127.0.0.1'],
    ['an empty HOST', {}, { HOST: '' }, 'localhost'],
    ['an empty hostname', { hostname: '' }, { HOST: '127.0.0.1' }, '127.0.0.1'],
    ...(hasIPv6
      ? ([
          ['HOST with IPv6', {}, { HOST: '::1' }, '[::1]'],
          ['hostname with IPv6', { hostname: '::1' }, {}, '[::1]'],
        ] as const)
      : []),
  ] as const)('listens on the address of %s alone', async (_, options, env, host) => {
    const server = await startService({ name: 'store 2', ...options }, env);
    expect(server.stderr).toEqual([`store 2 listens on http://${host}:${server.port}`]);
    expect((await send(`http://${host}:${server.port}`, { path: '/store' })).status).toBe(200);
    if (host !== 'localhost' && hasIPv6) {
      const other = host === '127.0.0.1' ? '[::1]' : '127.0.0.1';
      await expect(send(`http://${other}:${server.port}`, { path: '/store' })).rejects.toThrow(
        'ECONNREFUSED',
      );
    }
    expect(await server.stop()).toBe(0);
  });

  test('listens on the port of the option before that of PORT', async () => {
    const port = await freePort();
    const server = await startService({ port }, { PORT: '8080abc' });
    expect(server.port).toBe(port);
    expect(await server.stop()).toBe(0);
  });

  test.each(['', undefined])('takes %j for PORT as 8080', async (PORT) => {
    // Whether or not 8080 is free here, the server says that it is the one it wants.
    const { child, stderr, stderrReader } = run(service, { env: { ...process.env, PORT } });
    await once(stderrReader ?? child, 'line');
    child.kill('SIGTERM');
    expect(stderr[0]).toMatch(/localhost:8080$|^PORT=8080: is in use/);
  });

  const notHere =
    /^HOST="[^"]+": can't be listened on \(E[A-Z_]+\); must be an address of this machine$/;
  test.each([
    ['PORT', { PORT: '8080abc' }, {}, 'PORT="8080abc": must be an integer from 0 to 65535'],
    [
      'TRUST_PROXY',
      { TRUST_PROXY: 'yes' },
      {},
      'TRUST_PROXY="yes": must be an integer from 0 to 100',
    ],
    ['ACCESS_LOG', { ACCESS_LOG: 'no' }, {}, 'ACCESS_LOG="no": must be on or off'],
    ['HOST of another machine', { HOST: '192.0.2.1' }, {}, notHere],
    ['HOST that nobody knows', { HOST: 'nobody.invalid' }, {}, notHere],
    ['port', {}, { port: 99_999 }, 'port=99999: must be an integer from 0 to 65535'],
    ['port', {}, { port: '/tmp/x' }, 'port="/tmp/x": must be an integer from 0 to 65535'],
    ['hostname', {}, { hostname: '192.0.2.1' }, /^hostname="192\.0\.2\.1": can't be listened on/],
    ['trustProxy', {}, { trustProxy: 101 }, 'trustProxy=101: must be an integer from 0 to 100'],
    ['deadline', {}, { deadline: -1 }, 'deadline=-1: must be an integer from 0 to 864000000'],
  ] as const)('stops at a bad %s with one line: %j %j', async (_, env, options, line) => {
    const { code, stdout, stderr } = await outcome({ ...env, OPTIONS: JSON.stringify(options) });
    expect(stderr).toEqual([typeof line === 'string' ? line : expect.stringMatching(line)]);
    expect(stdout).toEqual([]);
    expect(code).toBe(1);
  });

  test.each([
    ['PORT', (port: number) => ({ PORT: String(port) })],
    ['port', (port: number) => ({ OPTIONS: JSON.stringify({ port }) })],
  ])('stops at a %s in use with one line', async (name, env) => {
    const { port, release } = await takenPort();
    const { code, stderr } = await outcome(env(port));
    expect(stderr).toEqual([
      `${name}=${port}: is in use; must be a free port that this user may take, 0 for any`,
    ]);
    expect(code).toBe(1);
    release();
  });

  test.runIf(firstUnprivilegedPort > 1)(
    'stops at a port that needs privileges with one line',
    async () => {
      // CI and containers run as root, which gives up here what lets it take any port.
      const asUser =
        process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-net_bind_service'] : [];
      const { code, stderr } = await outcome({ PORT: '1' }, [...asUser, ...service]);
      expect(stderr).toEqual([
        "PORT=1: can't be listened on (EACCES); must be a free port that this user may take, 0 for any",
      ]);
      expect(code).toBe(1);
    },
  );
});

test('the bundle has stack traces that point at the TypeScript lines', async () => {
  const server = await startServer(await bundle());
  await send(server.url, { path: '/throw/error' });
  await server.stop();
  const file = join(import.meta.dirname, '../any-app/routes.ts');
  const source = (await readFile(file, 'utf8')).split('\n');
  const line = 1 + source.findIndex((text) => text.includes('thrown: a secret'));
  expect(server.errors().at(-1)?.stack).toContain(`any-app/routes.ts:${line}:`);
});

describe('the shutdown', () => {
  test.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)('by %s has exit code 0', async (signal) => {
    const server = await startService();
    server.child.kill(signal);
    expect(await server.ended).toBe(0);
    expect(events(server.stderr)).toEqual(['closed']);
  });

  test('hands the bindings to the app, and calls onShutdown when the last request has its response', async () => {
    const { server, connection } = await inProgress();
    server.child.kill('SIGTERM');
    await refused(server.port);
    expect(events(server.stderr)).toEqual(['waits']);
    server.child.kill('SIGUSR2');
    expect(await connection.response()).toMatchObject({ status: 200, body: 'stored' });
    expect(await server.ended).toBe(0);
    expect(events(server.stderr)).toEqual(['waits', 'closed']);
  });

  test('waits for what was given to waitUntil, which has the store until then', async () => {
    const server = await startService();
    expect((await send(server.url, { path: '/task' })).body).toBe('accepted');
    server.child.kill('SIGTERM');
    await refused(server.port);
    server.child.kill('SIGUSR2');
    expect(await server.ended).toBe(0);
    expect(events(server.stderr)).toEqual(['stored', 'closed']);
  });

  test.each(['throw', 'reject'])(
    'tells what onShutdown fails with (%s), and has exit code 1',
    async (ON_SHUTDOWN) => {
      const server = await startService({}, { ON_SHUTDOWN });
      expect((await send(server.url, { path: '/store' })).body).toBe('stored');
      expect(await server.stop()).toBe(1);
      expect(server.errors().map(({ level, message }) => `${level} ${message}`)).toEqual([
        'ERROR the store is stuck',
      ]);
      expect(server.records()).toEqual([expect.objectContaining({ uri: '/store', status: 200 })]);
    },
  );

  test.each([
    ['a request', '/store-when-told', 'waits'],
    ['a task', '/task', undefined],
  ])('calls onShutdown at the deadline, though %s has not ended', async (_, path, event) => {
    const server = await startService({ deadline: 100 });
    const connection = rawConnection(server.port);
    connection.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    if (event) await expect.poll(() => events(server.stderr)).toEqual([event]);
    else await connection.response();
    expect(await server.stop()).toBe(1);
    expect(events(server.stderr).at(-1)).toBe('closed');
    connection.socket.destroy();
  });

  test('does not wait for an onShutdown beyond the deadline, and tells that it has not ended', async () => {
    const server = await startService({ deadline: 1_000 }, { ON_SHUTDOWN: 'hang' });
    expect((await send(server.url, { path: '/store' })).body).toBe('stored');
    expect(await server.stop()).toBe(1);
    expect(events(server.stderr)).toEqual(['closing']);
    expect(server.errors().map(({ message }) => message)).toContain(
      'onShutdown had not ended by the deadline',
    );
  });

  test('fires c.env.shutdown, with which a stream of events ends itself', async () => {
    const server = await startService();
    const response = await fetch(`${server.url}/events`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toMatchObject({ value: 'data: first\n\n' });
    server.child.kill('SIGTERM');
    expect(await reader?.read()).toMatchObject({ value: 'data: last\n\n' });
    expect(await reader?.read()).toMatchObject({ done: true });
    expect(await server.ended).toBe(0);
    expect(server.records()).toEqual([
      expect.objectContaining({ uri: '/events', status: 200, error: '' }),
    ]);
  });
});
