import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { anyAppTestsAt, fixtureEnv } from './support/any-app-tests.ts';
import { send } from './support/client.ts';
import { contractTestsAt } from './support/contract-tests.ts';
import {
  nodeServers,
  run,
  type ServerProcess,
  startCommand,
  startServer,
} from './support/process.ts';

const unprivileged = '/proc/sys/net/ipv4/ip_unprivileged_port_start'; // Linux; macOS has no such ports
const firstUnprivilegedPort = existsSync(unprivileged)
  ? Number(readFileSync(unprivileged, 'utf8'))
  : 0;

// Docker 20.10 gives containers none.
const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((network) => network?.address === '::1');

describe.each(nodeServers)('%s', (_, command) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(command);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  contractTestsAt(() => server.url);

  test.each(['/', '/health', '/nope'])('HEAD %s has the header fields of GET', async (path) => {
    const [get, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => send(server.url, { method, path })),
    );
    const { date: _a, ...ofGet } = get?.headers ?? {};
    const { date: _b, ...ofHead } = head?.headers ?? {};
    expect(ofHead).toEqual(ofGet);
    expect(ofHead['content-length']).toBe(String(Buffer.byteLength(get?.body ?? '')));
  });

  test('says on stderr where it listens, and its version', () => {
    expect(server.stderr).toEqual([
      `${manifest.name} ${manifest.version} listens on http://localhost:${server.port}`,
    ]);
  });

  test.runIf(hasIPv6)('listens on IPv6, too', async () => {
    expect((await send(`http://[::1]:${server.port}`, { path: '/' })).status).toBe(200);
  });
});

describe('PORT', () => {
  test.each(['', undefined])('%j means 8080', async (PORT) => {
    // Whether or not 8080 is free here, the server says that it is the one it wants.
    const { child, stderr, stderrReader } = run(startCommand, { env: { ...process.env, PORT } });
    await once(stderrReader ?? child, 'line');
    child.kill('SIGTERM');
    expect(stderr[0]).toMatch(/localhost:8080$|^PORT=8080: is in use/);
  });

  test('that is none stops the start with one line', async () => {
    const { stdout, stderr, ended } = run(startCommand, {
      env: { ...process.env, PORT: '8080abc' },
    });
    expect(await ended).toBe(1);
    expect(stderr).toEqual(['PORT="8080abc": must be an integer from 0 to 65535']);
    expect(stdout).toEqual([]);
    expect(existsSync('8080abc')).toBe(false); // Node would take it for a socket's path
  });

  test('in use stops the start with one line', async () => {
    const other = createServer().listen(0);
    await once(other, 'listening');
    const address = other.address();
    const PORT = String(typeof address === 'object' && address?.port);
    const { stderr, ended } = run(startCommand, { env: { ...process.env, PORT } });
    expect(await ended).toBe(1);
    expect(stderr).toEqual([
      `PORT=${PORT}: is in use, perhaps by a server that outlived its npm; must be a free port that this user may take, 0 for any`,
    ]);
    other.close();
  });

  test.runIf(firstUnprivilegedPort > 1)(
    'that needs privileges stops the start with one line',
    async () => {
      // CI and containers run as root, which gives up here what lets it take any port.
      const asUser =
        process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-net_bind_service'] : [];
      const { stderr, ended } = run([...asUser, ...startCommand], {
        env: { ...process.env, PORT: '1' },
      });
      expect(await ended).toBe(1);
      expect(stderr).toEqual([
        "PORT=1: can't be listened on (EACCES); must be a free port that this user may take, 0 for any",
      ]);
    },
  );
});

test('a TRUST_PROXY that is none stops the start with one line', async () => {
  const { stderr, ended } = run(startCommand, {
    env: { ...process.env, PORT: '0', TRUST_PROXY: 'yes' },
  });
  expect(await ended).toBe(1);
  expect(stderr).toEqual(['TRUST_PROXY="yes": must be an integer from 0 to 100']);
});

test('an argument stops the start with one line that names the setting', async () => {
  const { stderr, ended } = run([...startCommand, '--port', '3000'], {
    env: { ...process.env, PORT: '0' },
  });
  expect(await ended).toBe(1);
  expect(stderr).toEqual([
    '--port: the server takes no arguments; set the port with the variable PORT',
  ]);
});

describe('the bundle of any app', () => {
  let directory: string;
  let command: string[];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'edge-ping-bundle-'));
    const bundle = join(directory, 'server.js');
    const build = manifest.scripts.build
      .replace('adapters/node.ts', 'test/fixtures/node.ts')
      .replace('dist/server.js', bundle);
    expect(await run([`${build} --log-level=error`], { shell: true }).ended).toBe(0);
    command = ['node', '--enable-source-maps', bundle];
  });
  afterAll(() => rm(directory, { recursive: true }));

  anyAppTestsAt(() => startServer(command, { env: fixtureEnv }));

  test('has stack traces that point at the TypeScript lines', async () => {
    const server = await startServer(command);
    await send(server.url, { path: '/throw/error' });
    await server.stop();
    const source = (await readFile('test/fixtures/routes.ts', 'utf8')).split('\n');
    const line = 1 + source.findIndex((text) => text.includes('thrown: a secret'));
    expect(server.errors().at(-1)?.stack).toContain(`test/fixtures/routes.ts:${line}:`);
  });
});

test.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)(
  '%s ends it with exit code 0',
  async (signal) => {
    const server = await startServer();
    server.child.kill(signal);
    expect(await server.ended).toBe(0);
  },
);
